/* Reading a deflate stream (RFC 1951) up to a wanted place, and saying which bit that is. */
#ifndef KZMARK_INFLATE_H
#define KZMARK_INFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "code.h"
#include "inflate_source.h"

enum {
  LITERAL_LOOK = 11,   /* bits of the look-up of literals and lengths */
  DISTANCE_LOOK = 9,   /* bits of the look-up of distances */
  LITERALS = 288,      /* symbols of the fixed code; the last two mean nothing */
  DISTANCES = 32,
  LONGEST = 258,       /* bytes of a match */
  WINDOW = 1 << 15,    /* bytes that a match can reach back */
  INFLATE_MARGIN = 64, /* bytes behind the room for output that may be scribbled on */
  LENGTH_ORDER = 19    /* codes that code lengths are written in */
};

extern const uint8_t length_order[LENGTH_ORDER];
extern const uint16_t length_base[31], distance_base[32];
extern const uint8_t length_extra[31], distance_extra[32];

/* Entries of a look-up. Bits 0 to 5 say how many bits the codes take; then follow
   - literals: the bytes (8 to 23), bits of the first one's code (24 to 27), how many (28 and 29);
   - all else: the kind (6 and 7), extra bits (8 to 12), base value (16 to 30), and bit 31. */
#define OTHER 0x80000000u
enum { LONG, VALUE, END, BAD };
#define ENTRY(kind) (OTHER | (uint32_t)(kind) << 6)
#define LITERALS_OF(count) ((uint32_t)(count) << 28)
#define ENTRY_BITS(entry) ((int)((entry) & 63))
#define ENTRY_IS(entry, kind) (((entry) & (OTHER | 0xC0)) == ENTRY(kind))
#define ENTRY_COUNT(entry) ((entry) >> 28)
#define ENTRY_FIRST(entry) ((int)((entry) >> 24 & 15))
#define ENTRY_EXTRA(entry) ((int)((entry) >> 8 & 31))
#define ENTRY_BASE(entry) ((entry) >> 16 & 0x7FFF)

typedef struct {
  uint16_t counts[16];  /* codes of each length */
  uint16_t symbols[LITERALS];  /* in the order of their codes */
  int distances;        /* whether symbols stand for distances */
} Canon;

typedef enum { BETWEEN, STORED, CODED } BlockKind;

typedef struct {
  Source *source;
  const uint8_t *data; /* the source's, whatever was read of it */
  size_t size, at;     /* bytes that can be read; the next of them */
  uint64_t bits; /* the next ones, from the bottom */
  int count;     /* how many of them */
  int past;      /* bytes of them that are not in the stream */
  uint8_t *out;  /* room and INFLATE_MARGIN bytes */
  size_t made, room;
  BlockKind block;
  int final, ended;  /* whether the block is the last one; whether that is over */
  uint64_t head, body; /* where the block's header and its first symbol begin, in bits */
  size_t left;       /* bytes left of a stored block */
  uint16_t end_code; /* what ends the block, as it is written; */
  int end_size;      /* its bits */
  Canon literal_canon, distance_canon;
  uint32_t literals[1 << LITERAL_LOOK], distances[1 << DISTANCE_LOOK];
} Inflate;

/* Begin behind the header of a zlib stream, and leave out its checksum. The caller keeps room for
   `room` bytes and the margin. */
void inflate_open(Inflate *inflate, Source *source, uint8_t *out, size_t room);
/* Go on until `target` bytes are made or the stream ends: no further than the last symbol before
   the target (`below`), or to the first place at or behind it. Bytes beyond the room are
   UNSUPPORTED. */
Code inflate_until(Inflate *inflate, size_t target, int below);
/* Where the next bit is. */
uint64_t inflate_position(const Inflate *inflate);

/* Read the header of a block. */
Code inflate_header(Inflate *inflate);
/* Fill a look-up of 1 << look entries from code lengths. */
Code inflate_table(uint32_t *table, int look, Canon *canon, const uint8_t *lengths, int count,
                   int distances);
/* The entry of a code that is longer than the look-up. */
uint32_t inflate_long(const Canon *canon, uint64_t bits);

static inline uint64_t load_low(const uint8_t *from) {
  return (uint64_t)from[7] << 56 | (uint64_t)from[6] << 48 | (uint64_t)from[5] << 40 |
         (uint64_t)from[4] << 32 | (uint64_t)from[3] << 24 | (uint64_t)from[2] << 16 |
         (uint64_t)from[1] << 8 | (uint64_t)from[0];
}

/* Have 48 bits at least; zeros stand for what is not there. */
static inline void inflate_refill(Inflate *inflate) {
  while (inflate->count < 48) {
    uint64_t byte = 0;
    if (inflate->at < inflate->size)
      byte = inflate->data[inflate->at++];
    else
      inflate->past++;
    inflate->bits |= byte << inflate->count;
    inflate->count += 8;
  }
}

static inline int inflate_overran(const Inflate *inflate) {
  return inflate->past && inflate->count < 8 * inflate->past;
}

static inline uint32_t inflate_take(Inflate *inflate, int count) {
  uint32_t value = (uint32_t)(inflate->bits & ((1ull << count) - 1));
  inflate->bits >>= count;
  inflate->count -= count;
  return value;
}

#endif
