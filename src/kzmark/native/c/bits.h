/* Bits of one restart interval: read from its bytes without stuffing, and written with stuffing
   (ITU-T T.81, B.1.1.5 and F.1.2.3). Positions are bits from the start of the interval. */
#ifndef KZMARK_BITS_H
#define KZMARK_BITS_H

#include <stddef.h>
#include <stdint.h>

#include "code.h"

enum { UNIT_BYTES = 2304 }; /* that reading an MCU may touch: 10 blocks of 27 + 63 x 26 bits, and 8 */

/* The bytes of an interval, stuffing taken out as far as anyone has looked. */
typedef struct {
  const uint8_t *from, *to; /* what has not been looked at */
  uint8_t *data;            /* room for all of it and for an MCU of zeros behind it */
  size_t size;
} Plain;

Code plain_open(Plain *plain, const uint8_t *from, const uint8_t *to);
void plain_close(Plain *plain);
/* Have the bytes of an MCU from `at` on, zeros behind the end; DAMAGED if it lies far behind it or
   a marker comes up. */
Code plain_reach(Plain *plain, const uint8_t *at);
/* Take out the stuffing of all the rest. */
Code plain_finish(Plain *plain);
/* How many stuffed bytes the first `count` plain ones took. */
size_t plain_stuffed(const Plain *plain, size_t count);

/* Where the next bits come from; at least 56 of them are there after a refill. */
typedef struct {
  const uint8_t *at;
  uint64_t bits; /* the next ones, from the top */
  unsigned count;
} Reader;

static inline uint64_t load64(const uint8_t *from) {
  return (uint64_t)from[0] << 56 | (uint64_t)from[1] << 48 | (uint64_t)from[2] << 40 |
         (uint64_t)from[3] << 32 | (uint64_t)from[4] << 24 | (uint64_t)from[5] << 16 |
         (uint64_t)from[6] << 8 | (uint64_t)from[7];
}

static inline void reader_refill(Reader *reader) {
  reader->bits |= load64(reader->at) >> reader->count;
  reader->at += (63 - reader->count) >> 3;
  reader->count |= 56;
}

static inline void reader_drop(Reader *reader, unsigned count) {
  reader->bits <<= count;
  reader->count -= count;
}

static inline uint64_t reader_position(const Reader *reader, const Plain *plain) {
  return 8 * (uint64_t)(reader->at - plain->data) - reader->count;
}

typedef struct {
  uint8_t *data;
  size_t size, room, stuffed;
  uint64_t bits; /* those not yet written, at the bottom */
  int count;     /* how many: fewer than 32 */
} Writer;

Code writer_reserve(Writer *writer, size_t more); /* room for `more` bytes, stuffing included */
Code writer_raw(Writer *writer, const uint8_t *from, size_t size); /* between intervals */
/* Write bits of plain bytes, behind which 8 more can be read. */
Code writer_copy(Writer *writer, const uint8_t *plain, uint64_t from, uint64_t count);
void writer_flush(Writer *writer); /* write whole bytes; needs 8 bytes of room */
void writer_pad(Writer *writer);   /* fill the last byte with ones; needs 8 bytes of room */

/* Bits written so far. */
static inline uint64_t writer_position(const Writer *writer) {
  return 8 * (uint64_t)(writer->size - writer->stuffed) + (uint64_t)writer->count;
}

static inline void writer_byte(Writer *writer, uint8_t byte) {
  writer->data[writer->size++] = byte;
  if (byte != 0xFF) return;
  writer->data[writer->size++] = 0;
  writer->stuffed++;
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
