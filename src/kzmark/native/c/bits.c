#include "bits.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 16, MARGIN = 8 };

Code plain_open(Plain *plain, const uint8_t *from, const uint8_t *to) {
  *plain = (Plain){from, to, malloc((size_t)(to - from) + MARGIN), 0};
  if (!plain->data) return NO_MEMORY;
  plain_more(plain);
  return DONE;
}

void plain_close(Plain *plain) {
  free(plain->data);
  plain->data = NULL;
}

void plain_more(Plain *plain) {
  const uint8_t *stop = plain->to - plain->from > PIECE ? plain->from + PIECE : plain->to;
  while (plain->from < stop) {
    const uint8_t *found = memchr(plain->from, 0xFF, (size_t)(stop - plain->from));
    size_t run = (size_t)((found ? found + 1 : stop) - plain->from);
    memcpy(plain->data + plain->size, plain->from, run);
    plain->size += run;
    plain->from += run + (found ? 1 : 0);
  }
}

size_t plain_stuffed(const Plain *plain, size_t count) {
  size_t stuffed = count;
  for (size_t at = 0; at < count; at++) stuffed += plain->data[at] == 0xFF;
  return stuffed;
}

uint64_t plain_left(Plain *plain, uint64_t position) {
  while (plain->from < plain->to) plain_more(plain);
  return 8 * (uint64_t)plain->size - position;
}

void reader_refill_slowly(Reader *reader) {
  if (reader->end - reader->at < 8 && reader->plain->from < reader->plain->to) {
    plain_more(reader->plain);
    reader->end = reader->plain->data + reader->plain->size;
  }
  while (reader->count <= 56) {
    uint8_t byte = 0;
    if (reader->at < reader->end)
      byte = *reader->at++;
    else
      reader->past++;
    reader->bits |= (uint64_t)byte << (56 - reader->count);
    reader->count += 8;
  }
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

Code writer_copy(Writer *writer, const Plain *plain, uint64_t from, uint64_t count) {
  while (count) {
    uint64_t piece = count < 8 * PIECE ? count : 8 * PIECE;
    Code code = writer_reserve(writer, (size_t)(piece / 4) + 32);
    if (code) return code;
    for (count -= piece; piece >= 32; piece -= 32, from += 32) {
      uint64_t bits = load64(plain->data + (from >> 3)) << (from & 7);
      writer_put(writer, (uint32_t)(bits >> 32), 32);
    }
    if (!piece) continue;
    uint64_t bits = load64(plain->data + (from >> 3)) << (from & 7);
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
