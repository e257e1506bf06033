/* Writing a deflate stream (RFC 1951) that others' bits stand before and behind. */
#ifndef KZMARK_DEFLATE_H
#define KZMARK_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "code.h"

/* Bits on their way into memory, the lowest first. */
typedef struct {
  uint8_t *data;
  size_t size, room;
  uint64_t bits; /* those not yet written, at the bottom */
  int count;     /* how many: fewer than 32 */
} Sink;

typedef struct {
  const uint8_t *data; /* what stands before `from` can be referred to */
  size_t from, to;
  size_t window; /* how far back a match may reach, in bytes */
  int search;    /* candidates to look at for a match; 1 is quick, and right for noise */
  int final;     /* whether the stream ends with it */
} Passage;

/* Blocks that hold a passage. */
Code deflate_passage(Sink *sink, const Passage *passage);
/* Empty blocks, until the bits in front make up whole bytes and `phase` bits. */
Code deflate_align(Sink *sink, int phase);

Code sink_reserve(Sink *sink, size_t more); /* room for `more` bytes */
/* Bits `from` to `to` of data of `size` bytes. */
Code sink_copy(Sink *sink, const uint8_t *data, uint64_t from, uint64_t to);
void sink_flush(Sink *sink); /* write whole bytes; needs 8 bytes of room */

static inline void store_low(uint8_t *to, uint64_t bits) {
  for (int at = 0; at < 8; at++) to[at] = (uint8_t)(bits >> 8 * at);
}

/* Up to 32 bits; needs 8 bytes of room. */
static inline void sink_put(Sink *sink, uint64_t value, int count) {
  sink->bits |= value << sink->count;
  sink->count += count;
  if (sink->count < 32) return;
  uint8_t *to = sink->data + sink->size;
  to[0] = (uint8_t)sink->bits;
  to[1] = (uint8_t)(sink->bits >> 8);
  to[2] = (uint8_t)(sink->bits >> 16);
  to[3] = (uint8_t)(sink->bits >> 24);
  sink->size += 4;
  sink->bits >>= 32;
  sink->count -= 32;
}

/* A Huffman code for writing: code words with their bits in the order of the stream. */
enum { MOST_SYMBOLS = 286, MOST_LITERALS = 286, MOST_DISTANCES = 30 };
typedef struct {
  uint8_t sizes[MOST_SYMBOLS];
  uint16_t words[MOST_SYMBOLS];
} Words;

/* The best code for weights whose words have `limit` bits at most. */
void words_build(Words *words, uint32_t *weights, int count, int limit);
/* The header of a dynamic block; needs 400 bytes of room. */
void words_header(Sink *sink, const Words *literals, const Words *distances, int final);

#endif
