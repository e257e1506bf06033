/* Bits of one restart interval: read from its bytes without stuffing, and written with stuffing
   (ITU-T T.81, B.1.1.5 and F.1.2.3). Positions are bits from the start of the interval. */
#ifndef KZMARK_BITS_H
#define KZMARK_BITS_H

#include <stddef.h>
#include <stdint.h>

#include "code.h"

/* The bytes of an interval, stuffing taken out as far as anyone has looked. */
typedef struct {
  const uint8_t *from, *to; /* what has not been looked at; every FF in it has its 00 behind it */
  uint8_t *data;            /* room for all of it and 8 bytes more */
  size_t size;
} Plain;

Code plain_open(Plain *plain, const uint8_t *from, const uint8_t *to);
void plain_more(Plain *plain); /* take out the stuffing of another piece, if there is one */
void plain_close(Plain *plain);
/* How many stuffed bytes the first `count` plain ones took. */
size_t plain_stuffed(const Plain *plain, size_t count);
/* Bits from a position to the end of the interval. */
uint64_t plain_left(Plain *plain, uint64_t position);

typedef struct {
  Plain *plain;
  const uint8_t *at, *end;
  uint64_t bits; /* the next ones, from the top */
  int count;     /* how many of them */
  int past;      /* bytes of them that are not in the file */
} Reader;

void reader_refill_slowly(Reader *reader);

static inline uint64_t load64(const uint8_t *from) {
  return (uint64_t)from[0] << 56 | (uint64_t)from[1] << 48 | (uint64_t)from[2] << 40 |
         (uint64_t)from[3] << 32 | (uint64_t)from[4] << 24 | (uint64_t)from[5] << 16 |
         (uint64_t)from[6] << 8 | (uint64_t)from[7];
}

/* A reader at the start of an interval. */
static inline Reader reader_open(Plain *plain) {
  return (Reader){plain, plain->data, plain->data + plain->size, 0, 0, 0};
}

/* Have 32 bits at least. */
static inline void reader_refill(Reader *reader) {
  if (reader->count >= 32) return;
  if (reader->end - reader->at < 8) {
    reader_refill_slowly(reader);
    return;
  }
  reader->bits |= load64(reader->at) >> reader->count;
  reader->at += (63 - reader->count) >> 3;
  reader->count |= 56;
}

static inline void reader_drop(Reader *reader, int count) {
  reader->bits <<= count;
  reader->count -= count;
}

/* Whether bits were used that the file does not hold. */
static inline int reader_overran(const Reader *reader) {
  return reader->past && reader->count < 8 * reader->past;
}

/* Where the reader stands; only if it did not overrun. */
static inline uint64_t reader_position(const Reader *reader) {
  return 8 * (uint64_t)(reader->at - reader->plain->data) + 8 * (uint64_t)reader->past -
         (uint64_t)reader->count;
}

typedef struct {
  uint8_t *data;
  size_t size, room;
  uint64_t bits; /* those not yet written, at the bottom */
  int count;     /* how many: fewer than 32 */
} Writer;

Code writer_reserve(Writer *writer, size_t more); /* room for `more` bytes, stuffing included */
Code writer_raw(Writer *writer, const uint8_t *from, size_t size); /* between intervals */
Code writer_copy(Writer *writer, const Plain *plain, uint64_t from, uint64_t count);
void writer_flush(Writer *writer); /* write whole bytes; needs 8 bytes of room */
void writer_pad(Writer *writer);   /* fill the last byte with ones; needs 8 bytes of room */

static inline void writer_byte(Writer *writer, uint8_t byte) {
  writer->data[writer->size++] = byte;
  if (byte == 0xFF) writer->data[writer->size++] = 0;
}

/* Write up to 32 bits; needs 8 bytes of room. */
static inline void writer_put(Writer *writer, uint32_t value, int count) {
  writer->bits = writer->bits << count | value;
  writer->count += count;
  if (writer->count < 32) return;
  uint32_t four = (uint32_t)(writer->bits >> (writer->count - 32));
  uint8_t *to = writer->data + writer->size;
  writer->count -= 32;
  if ((~four - 0x01010101u) & four & 0x80808080u) { /* a byte of it is FF */
    for (int shift = 24; shift >= 0; shift -= 8) writer_byte(writer, (uint8_t)(four >> shift));
    return;
  }
  to[0] = (uint8_t)(four >> 24);
  to[1] = (uint8_t)(four >> 16);
  to[2] = (uint8_t)(four >> 8);
  to[3] = (uint8_t)four;
  writer->size += 4;
}

#endif
