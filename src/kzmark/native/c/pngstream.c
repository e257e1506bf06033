#include "pngstream.h"

#include <stdlib.h>

#include "pngroom.h"

enum { ADLER = 65521, MOST_RATIO = 1032, LANES = 16, RUN = 128 };

/* Adler-32 (RFC 1950, 8.2), many bytes side by side: a lane keeps the sum of its bytes and the sum
   of those sums, and what it missed of the others is made up for at the end of a run. */
static uint32_t adler_of(const uint8_t *data, size_t size) {
  uint64_t low = 1, high = 0;
  while (size) {
    size_t rows = size / LANES < RUN ? size / LANES : RUN;
    uint16_t sums[LANES] = {0};
    uint32_t sums_of_sums[LANES] = {0};
    if (!rows) { /* the last bytes */
      low += *data++, size--;
      high += low;
      continue;
    }
    for (size_t row = 0; row < rows; row++, data += LANES)
      for (int lane = 0; lane < LANES; lane++) {
        sums[lane] = (uint16_t)(sums[lane] + data[lane]);
        sums_of_sums[lane] += sums[lane];
      }
    high += low * rows * LANES;
    for (uint32_t lane = 0; lane < LANES; lane++) {
      low += sums[lane];
      high += (uint64_t)sums_of_sums[lane] * LANES - (uint64_t)sums[lane] * lane;
    }
    low %= ADLER, high %= ADLER;
    size -= rows * LANES;
  }
  return (uint32_t)(high % ADLER) << 16 | (uint32_t)(low % ADLER);
}

static int header_fits(const uint8_t *data) {
  return (data[0] & 15) == 8 && data[0] >> 4 <= 7 && !(data[1] & 32) &&
         ((unsigned)data[0] << 8 | data[1]) % 31 == 0;
}

Code stream_open(Stream *stream, const Data *data, const Shape *shape) {
  stream->raw = NULL;
  Code code = source_open(&stream->source, data->file, data->pieces, data->count);
  if (code) return code;
  size_t size = stream->source.size;
  if (size < 2 + 1 + 4 || shape->height > SIZE_MAX / 2 / (shape->width + 1)) return UNSUPPORTED;
  stream->total = shape->height * (shape->width + 1);
  if (stream->total / MOST_RATIO > size) return DAMAGED; /* deflate cannot hold that much */
  stream->adler = source_end(&stream->source);
  stream->raw = room_take(stream->total + INFLATE_MARGIN);
  if (!stream->raw) return NO_MEMORY;
  inflate_open(&stream->inflate, &stream->source, stream->raw, stream->total);
  stream->window = (size_t)1 << ((stream->source.data[0] >> 4) + 8);
  return header_fits(stream->source.data) ? DONE : UNSUPPORTED;
}

void stream_close(Stream *stream) {
  source_close(&stream->source);
  free(stream->raw);
  stream->raw = NULL;
}

Code stream_finish(Stream *stream) {
  Inflate *inflate = &stream->inflate;
  Code code = inflate_until(inflate, SIZE_MAX, 0);
  if (code) return code;
  if (!inflate->ended || inflate->made != stream->total) return DAMAGED;
  if ((inflate_position(inflate) + 7) / 8 != inflate->size) return UNSUPPORTED; /* bytes behind */
  return adler_of(stream->raw, stream->total) == stream->adler ? DONE : DAMAGED;
}

Code stream_rows(uint8_t *to, const Data *data, const Shape *shape, size_t first, size_t last,
                 size_t width, int whole) {
  Stream *stream = malloc(sizeof *stream);
  if (!stream) return NO_MEMORY;
  size_t target = last * (shape->width + 1);
  Code code = stream_open(stream, data, shape);
  if (!code) code = whole ? stream_finish(stream) : inflate_until(&stream->inflate, target, 0);
  if (!code && stream->inflate.made < target) code = DAMAGED;
  if (!code) code = rows_undo(to, stream->raw, shape, first, last, width);
  stream_close(stream);
  free(stream);
  return code;
}
