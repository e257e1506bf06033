#include "bits.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 16, MARGIN = 2 * UNIT_BYTES };

Code plain_open(Plain *plain, const uint8_t *from, const uint8_t *to) {
  *plain = (Plain){from, to, malloc((size_t)(to - from) + MARGIN), 0};
  if (!plain->data) return NO_MEMORY;
  if (from == to) memset(plain->data, 0, MARGIN);
  return DONE;
}

void plain_close(Plain *plain) {
  free(plain->data);
  plain->data = NULL;
}

/* Take out the stuffing of another piece; zeros behind the last one. */
static Code more(Plain *plain) {
  const uint8_t *stop = plain->to - plain->from > PIECE ? plain->from + PIECE : plain->to;
  while (plain->from < stop) {
    const uint8_t *found = memchr(plain->from, 0xFF, (size_t)(stop - plain->from));
    size_t run = (size_t)((found ? found + 1 : stop) - plain->from);
    memcpy(plain->data + plain->size, plain->from, run);
    plain->size += run;
    plain->from += run;
    if (!found) break;
    if (plain->from == plain->to || *plain->from) return DAMAGED; /* no stuffing, but a marker */
    plain->from++;
  }
  if (plain->from == plain->to) memset(plain->data + plain->size, 0, MARGIN);
  return DONE;
}

Code plain_reach(Plain *plain, const uint8_t *at) {
  Code code = DONE;
  size_t wanted = (size_t)(at - plain->data) + UNIT_BYTES;
  while (!code && plain->size < wanted && plain->from < plain->to) code = more(plain);
  return !code && wanted > plain->size + MARGIN ? DAMAGED : code;
}

Code plain_finish(Plain *plain) {
  Code code = DONE;
  while (!code && plain->from < plain->to) code = more(plain);
  return code;
}

size_t plain_stuffed(const Plain *plain, size_t count) {
  size_t stuffed = count, at = 0;
  while (at < count) { /* by pieces whose sum fits a byte, so that compilers take many at a time */
    size_t stop = count - at > 255 ? at + 255 : count;
    uint8_t some = 0;
    for (; at < stop; at++) some = (uint8_t)(some + (plain->data[at] == 0xFF));
    stuffed += some;
  }
  return stuffed;
}

Code writer_reserve(Writer *writer, size_t more) {
  if (writer->room - writer->size >= more) return DONE;
  size_t room = writer->room + writer->room / 2;
  if (room < writer->size + more) room = writer->size + more + 4096;
  uint8_t *data = realloc(writer->data, room);
  if (!data) return NO_MEMORY;
  writer->data = data;
  writer->room = room;
  return DONE;
}

Code writer_raw(Writer *writer, const uint8_t *from, size_t size) {
  Code code = writer_reserve(writer, size);
  if (code || !size) return code;
  memcpy(writer->data + writer->size, from, size);
  writer->size += size;
  return DONE;
}

Code writer_copy(Writer *writer, const uint8_t *plain, uint64_t from, uint64_t count) {
  while (count) {
    uint64_t piece = count < 8 * PIECE ? count : 8 * PIECE;
    Code code = writer_reserve(writer, (size_t)(piece / 4) + 32);
    if (code) return code;
    for (count -= piece; piece >= 32; piece -= 32, from += 32) {
      uint64_t bits = load64(plain + (from >> 3)) << (from & 7);
      writer_put(writer, (uint32_t)(bits >> 32), 32);
    }
    if (!piece) continue;
    uint64_t bits = load64(plain + (from >> 3)) << (from & 7);
    writer_put(writer, (uint32_t)(bits >> (64 - piece)), (int)piece);
    from += piece;
  }
  return DONE;
}

void writer_flush(Writer *writer) {
  for (; writer->count >= 8; writer->count -= 8)
    writer_byte(writer, (uint8_t)(writer->bits >> (writer->count - 8)));
}

void writer_pad(Writer *writer) {
  int missing = -writer->count & 7;
  writer->bits = writer->bits << missing | ((1u << missing) - 1);
  writer->count += missing;
  writer_flush(writer);
}
