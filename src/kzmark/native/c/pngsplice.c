#include "pngsplice.h"

#include <stdlib.h>
#include <string.h>

#include "pngroom.h"

#ifndef TAIL_WORTH /* the fuzzer wants it small */
#define TAIL_WORTH (1 << 18) /* raw bytes that a tail must have to be kept unread */
#endif

enum {
  ADLER = 65521,
  NOISE = 5,        /* raw bytes for one byte of the stream, below which a picture is noise */
  CANDIDATES = 48   /* to look at for a match in a picture that is none */
};

/* A place where the stream is cut: behind the last symbol that stays, before the first. */
typedef struct {
  size_t made;       /* raw bytes in front */
  uint64_t position; /* in bits */
  BlockKind block;
  int final;
  uint64_t head, body;
  size_t left;
  uint16_t end_code;
  int end_size;
} Cut;

static Cut cut_at(const Inflate *inflate) {
  return (Cut){inflate->made,     inflate_position(inflate), inflate->block,
               inflate->final,    inflate->head,             inflate->body,
               inflate->left,     inflate->end_code,         inflate->end_size};
}

/* The sums that an Adler-32 consists of, as they change with the bytes. */
typedef struct {
  int64_t low, high;
} Change;

/* `behind`: how many bytes there are from the first one on. */
static void change_by(Change *change, uint8_t *old, const uint8_t *new, size_t count,
                      size_t behind) {
  int64_t sum = 0, places = 0;
  for (size_t start = 0; start < count; start += 256) {
    int32_t few = 0, weighted = 0, many = count - start < 256 ? (int32_t)(count - start) : 256;
    for (int32_t at = 0; at < many; at++) {
      int32_t more = new[start + (size_t)at] - old[start + (size_t)at];
      few += more;
      weighted += at * more;
    }
    sum += few;
    places += (int64_t)start * few + weighted;
  }
  memcpy(old, new, count);
  change->low = (change->low + sum) % ADLER;
  int64_t high = (int64_t)(behind % ADLER) * (sum % ADLER) - places % ADLER;
  change->high = (change->high + high) % ADLER;
}

static uint32_t changed_adler(uint32_t adler, const Change *change) {
  int64_t low = ((int64_t)(adler & 0xFFFF) + change->low) % ADLER;
  int64_t high = ((int64_t)(adler >> 16) + change->high) % ADLER;
  return (uint32_t)((high + ADLER) % ADLER) << 16 | (uint32_t)((low + ADLER) % ADLER);
}

static void lay(uint8_t *row, const Ink *ink, size_t index) {
  size_t count = ink->right - ink->left;
  const uint8_t *from = ink->ink + index * count;
  uint8_t first = row[ink->left], last = row[ink->right - 1];
  uint8_t keep = (uint8_t)~ink->first, tail = (uint8_t)~ink->last;
  memcpy(row + ink->left, from, count);
  if (count == 1) {
    keep |= tail;
    row[ink->left] = (uint8_t)((first & keep) | (from[0] & ~keep));
    return;
  }
  row[ink->left] = (uint8_t)((first & keep) | (from[0] & ink->first));
  row[ink->right - 1] = (uint8_t)((last & tail) | (from[count - 1] & ink->last));
}

typedef struct {
  uint8_t *plain;       /* the row above the first, if needed, then all that change */
  size_t first, end;    /* rows in it; `end` counts the one that looks up at the plate */
  size_t width;         /* bytes of each */
  const uint8_t *above; /* over the plate's first row */
  uint8_t *line;        /* room for one filtered row */
} Canvas;

static Code canvas_open(Canvas *canvas, const uint8_t *raw, const Shape *shape, const Ink *ink) {
  size_t stride = shape->width + 1, bottom = ink->top + ink->rows;
  int below = bottom < shape->height && raw[bottom * stride] >= FILTER_UP;
  int looks = ink->top && raw[ink->top * stride] >= FILTER_UP && !ink->full;
  size_t right = ink->right + shape->unit;
  canvas->width = right < shape->width && !ink->full ? right : shape->width;
  canvas->first = looks ? ink->top - 1 : ink->top;
  canvas->end = below ? bottom + 1 : bottom;
  size_t size = (canvas->end - canvas->first) * canvas->width;
  size_t room = size + 2 * canvas->width; /* with a row of zeros, and the line */
  canvas->plain = room_take(room);
  if (!canvas->plain) return NO_MEMORY;
  memset(canvas->plain + size, 0, room - size);
  if (ink->full) memset(canvas->plain, 0, size);
  canvas->above = looks ? canvas->plain : canvas->plain + size;
  canvas->line = canvas->plain + size + canvas->width;
  if (ink->full && !below) return DONE; /* nothing of what was there is looked at */
  return rows_undo(canvas->plain, raw, shape, canvas->first, canvas->end, canvas->width);
}

/* Change the filtered rows; every byte that is not the plate's, nor looks at it, stays. */
static Code paint(uint8_t *raw, const Shape *shape, const Ink *ink, Change *change) {
  size_t stride = shape->width + 1, total = stride * shape->height, bottom = ink->top + ink->rows;
  Canvas canvas = {0};
  Code code = canvas_open(&canvas, raw, shape, ink);
  const uint8_t *above = canvas.above;
  for (size_t at = ink->top; at < canvas.end && !code; at++) {
    uint8_t *filtered = raw + at * stride, *row = canvas.plain + (at - canvas.first) * canvas.width;
    if (at < bottom) lay(row, ink, at - ink->top);
    if (at < bottom && ink->full) {
      uint8_t filter = ink->indexed ? FILTER_NONE : at == ink->top ? FILTER_SUB : FILTER_UP;
      change_by(change, filtered, &filter, 1, total - at * stride);
    }
    if (*filtered > FILTER_PAETH) code = DAMAGED;
    size_t count = canvas.width - ink->left, from = 1 + ink->left;
    row_filter(canvas.line, row, above, ink->left, canvas.width, shape->unit, *filtered);
    change_by(change, filtered + from, canvas.line + ink->left, count, total - at * stride - from);
    above = row;
  }
  free(canvas.plain);
  return code;
}

/* The kept bits in front of a cut, and what ends the block there. */
static Code write_front(Graft *graft, const uint8_t *data, const Cut *cut) {
  Sink *sink = &graft->coded;
  int open = cut->block == CODED, again = open && cut->final; /* it is no longer the last block */
  uint64_t from = again ? cut->head : cut->position;
  if (sink_reserve(sink, 64)) return NO_MEMORY;
  graft->from = (size_t)(from / 8);
  sink->bits = data[graft->from] & ((1u << (from & 7)) - 1);
  sink->count = (int)(from & 7);
  if (again) {
    sink_put(sink, 0, 1);
    if (sink_copy(sink, data, from + 1, cut->position) || sink_reserve(sink, 64)) return NO_MEMORY;
  }
  if (open) sink_put(sink, cut->end_code, cut->end_size);
  return DONE;
}

/* What stands in front of the kept bits behind a cut: the head of their block once more. */
static Code write_back(Graft *graft, const uint8_t *data, const Cut *cut) {
  Sink *sink = &graft->coded;
  int phase = (int)(cut->position & 7), head = 0;
  if (sink_reserve(sink, 64)) return NO_MEMORY;
  if (cut->block == STORED) {
    sink_put(sink, (uint64_t)cut->final, 3);
    sink_put(sink, 0, -sink->count & 7);
    sink_put(sink, cut->left, 16);
    sink_put(sink, cut->left ^ 0xFFFF, 16);
  } else {
    if (cut->block == CODED) head = (int)((cut->body - cut->head) & 7);
    if (deflate_align(sink, (phase - head) & 7)) return NO_MEMORY;
    if (cut->block == CODED && sink_copy(sink, data, cut->head, cut->body)) return NO_MEMORY;
  }
  if (sink_reserve(sink, 16)) return NO_MEMORY;
  graft->to = (size_t)(cut->position / 8);
  if (phase) sink_put(sink, data[graft->to++] >> phase, 8 - phase);
  sink_flush(sink);
  return DONE;
}

static Code write_end(Graft *graft, size_t size) {
  if (sink_reserve(&graft->coded, 16)) return NO_MEMORY;
  sink_put(&graft->coded, 0, -graft->coded.count & 7);
  sink_flush(&graft->coded);
  graft->to = size - 4;
  return DONE;
}

/* What no checksum looks like: other bytes stand behind it. */
static int odd_checksum(uint32_t adler) {
  return (adler & 0xFFFF) >= ADLER || adler >> 16 >= ADLER || adler == 0;
}

static Code graft_stream(Graft *graft, Stream *stream, const Shape *shape, const Ink *ink) {
  Inflate *inflate = &stream->inflate;
  const uint8_t *data = stream->source.data;
  size_t stride = shape->width + 1, bottom = ink->top + ink->rows, size = stream->source.size;
  size_t first = ink->top * stride + (ink->full ? 0 : 1 + ink->left);
  size_t last = (bottom < shape->height ? bottom + 1 : bottom) * stride + WINDOW;
  int keep = last + TAIL_WORTH < stream->total && !odd_checksum(stream->adler);
  Change change = {0, 0};
  Code code = inflate_until(inflate, first, 1);
  if (code) return code;
  if (inflate->ended || inflate->made > first) return DAMAGED;
  Cut front = cut_at(inflate);
  code = keep ? inflate_until(inflate, last, 0) : stream_finish(stream);
  if (code) return code;
  if (keep && (inflate->ended || inflate->made < last)) return DAMAGED;
  Cut back = cut_at(inflate);
  code = paint(stream->raw, shape, ink, &change);
  if (!code) code = write_front(graft, data, &front);
  int search = stream->total / NOISE < size ? 1 : CANDIDATES;
  Passage passage = {stream->raw, front.made, back.made, stream->window, search, !keep};
  if (!code) code = deflate_passage(&graft->coded, &passage);
  if (!code) code = keep ? write_back(graft, data, &back) : write_end(graft, size);
  graft->adler = changed_adler(stream->adler, &change);
  return code;
}

Code graft_ink(Graft *graft, const Data *data, const Shape *shape, const Ink *ink) {
  Stream *stream = malloc(sizeof *stream);
  *graft = (Graft){0};
  if (!stream) return NO_MEMORY;
  Code code = stream_open(stream, data, shape);
  if (!code) code = graft_stream(graft, stream, shape, ink);
  stream_close(stream);
  free(stream);
  return code;
}

void graft_clear(Graft *graft) {
  free(graft->coded.data);
  graft->coded.data = NULL;
}
