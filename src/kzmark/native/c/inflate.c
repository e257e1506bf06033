#include "inflate.h"

#include <string.h>

/* Bytes that the fast loop may read, and make, beyond its bounds. */
enum { FAST_IN = 32, FAST_OUT = 16 + LONGEST };
enum { AHEAD = 1 << 17, CHECKSUM = 4 }; /* bytes; a stored block has half as many at most */

/* Have enough to read for whatever comes next, or all there is. */
static void look_ahead(Inflate *inflate) {
  Source *source = inflate->source;
  while (source->ready < source->size && source->ready - inflate->at < AHEAD) source_more(source);
  inflate->size = source->ready < source->size - CHECKSUM ? source->ready : source->size - CHECKSUM;
}

void inflate_open(Inflate *inflate, Source *source, uint8_t *out, size_t room) {
  inflate->source = source;
  inflate->data = source->data;
  inflate->at = 0;
  look_ahead(inflate);
  inflate->at = 2; /* behind the zlib header */
  inflate->bits = 0;
  inflate->count = inflate->past = 0;
  inflate->out = out;
  inflate->made = 0;
  inflate->room = room;
  inflate->block = BETWEEN;
  inflate->final = inflate->ended = 0;
  inflate->head = inflate->body = 0;
  inflate->left = 0;
}

uint64_t inflate_position(const Inflate *inflate) {
  return 8 * ((uint64_t)inflate->at + (uint64_t)inflate->past) - (uint64_t)inflate->count;
}

/* Go back to a bit in front. */
static void seek(Inflate *inflate, uint64_t position) {
  inflate->at = (size_t)(position >> 3);
  inflate->bits = 0;
  inflate->count = inflate->past = 0;
  inflate_refill(inflate);
  inflate_take(inflate, (int)(position & 7));
}

static void close_block(Inflate *inflate) {
  inflate->block = BETWEEN;
  inflate->ended = inflate->final;
}

/* Copy a match; both places lie in the output, the new bytes within room and margin. */
static inline void copy_match(uint8_t *to, size_t distance, size_t length) {
  const uint8_t *from = to - distance;
  if (distance >= 8) {
    for (size_t at = 0; at < length; at += 8) memcpy(to + at, from + at, 8);
  } else if (distance == 1) {
    memset(to, *from, length);
  } else {
    for (size_t at = 0; at < length; at++) to[at] = from[at];
  }
}

/* One literal, match or end; no further than `target` if `below`. */
static Code step(Inflate *inflate, size_t target, int below, int *stop) {
  uint64_t bits;
  int count;
  inflate_refill(inflate);
  bits = inflate->bits;
  count = inflate->count;
  uint32_t entry = inflate->literals[bits & ((1 << LITERAL_LOOK) - 1)];
  if (ENTRY_IS(entry, LONG)) entry = inflate_long(&inflate->literal_canon, bits);
  if (ENTRY_IS(entry, BAD)) return DAMAGED;
  if (!(entry & OTHER)) {
    if (inflate->made == target && below) {
      *stop = 1;
      return DONE;
    }
    inflate_take(inflate, ENTRY_FIRST(entry));
    if (inflate_overran(inflate)) return DAMAGED;
    if (inflate->made == inflate->room) return UNSUPPORTED;
    inflate->out[inflate->made++] = (uint8_t)(entry >> 8);
    return DONE;
  }
  inflate_take(inflate, ENTRY_BITS(entry));
  if (ENTRY_IS(entry, END)) {
    if (inflate_overran(inflate)) return DAMAGED;
    close_block(inflate);
    return DONE;
  }
  size_t length = ENTRY_BASE(entry) + inflate_take(inflate, ENTRY_EXTRA(entry));
  if (below && length > target - inflate->made) {
    inflate->bits = bits;
    inflate->count = count;
    *stop = 1;
    return DONE;
  }
  entry = inflate->distances[inflate->bits & ((1 << DISTANCE_LOOK) - 1)];
  if (ENTRY_IS(entry, LONG)) entry = inflate_long(&inflate->distance_canon, inflate->bits);
  if (!ENTRY_IS(entry, VALUE)) return DAMAGED;
  inflate_take(inflate, ENTRY_BITS(entry));
  size_t distance = ENTRY_BASE(entry) + inflate_take(inflate, ENTRY_EXTRA(entry));
  if (inflate_overran(inflate) || distance > inflate->made) return DAMAGED;
  if (length > inflate->room - inflate->made) return UNSUPPORTED;
  copy_match(inflate->out + inflate->made, distance, length);
  inflate->made += length;
  return DONE;
}

/* The same for many symbols, while input and output are far from their ends. */
static Code run(Inflate *inflate, size_t stop) {
  const uint8_t *in = inflate->data + inflate->at, *start = inflate->out;
  const uint8_t *last = inflate->data + (inflate->size - FAST_IN);
  uint8_t *out = inflate->out + inflate->made, *end = inflate->out + stop;
  const uint32_t *literals = inflate->literals, *distances = inflate->distances;
  uint64_t bits = inflate->bits;
  int count = inflate->count;
  Code code = DONE;
  while (in < last && out < end) {
    uint32_t entry;
    bits |= load_low(in) << count;
    in += (63 - count) >> 3;
    count |= 56;
    entry = literals[bits & ((1 << LITERAL_LOOK) - 1)];
    int looks = 4; /* of 11 bits each; behind three of them there is room for a length */
    for (; looks && !(entry & OTHER); looks--) {
      bits >>= ENTRY_BITS(entry);
      count -= ENTRY_BITS(entry);
      out[0] = (uint8_t)(entry >> 8);
      out[1] = (uint8_t)(entry >> 16);
      out += ENTRY_COUNT(entry);
      entry = literals[bits & ((1 << LITERAL_LOOK) - 1)];
    }
    if (!looks) continue;
    if (ENTRY_IS(entry, LONG)) entry = inflate_long(&inflate->literal_canon, bits);
    bits >>= ENTRY_BITS(entry);
    count -= ENTRY_BITS(entry);
    if (!(entry & OTHER)) {
      *out++ = (uint8_t)(entry >> 8);
      continue;
    }
    if (!ENTRY_IS(entry, VALUE)) {
      if (ENTRY_IS(entry, END))
        close_block(inflate);
      else
        code = DAMAGED;
      break;
    }
    size_t length = ENTRY_BASE(entry) + (size_t)(bits & ((1u << ENTRY_EXTRA(entry)) - 1));
    bits >>= ENTRY_EXTRA(entry);
    count -= ENTRY_EXTRA(entry);
    bits |= load_low(in) << count;
    in += (63 - count) >> 3;
    count |= 56;
    entry = distances[bits & ((1 << DISTANCE_LOOK) - 1)];
    if (ENTRY_IS(entry, LONG)) entry = inflate_long(&inflate->distance_canon, bits);
    bits >>= ENTRY_BITS(entry);
    count -= ENTRY_BITS(entry);
    size_t distance = ENTRY_BASE(entry) + (size_t)(bits & ((1u << ENTRY_EXTRA(entry)) - 1));
    bits >>= ENTRY_EXTRA(entry);
    count -= ENTRY_EXTRA(entry);
    if (!ENTRY_IS(entry, VALUE) || distance > (size_t)(out - start)) {
      code = DAMAGED;
      break;
    }
    copy_match(out, distance, length);
    out += length;
  }
  inflate->at = (size_t)(in - inflate->data);
  inflate->bits = count ? bits & (~0ull >> (64 - count)) : 0; /* the byte behind them comes again */
  inflate->count = count;
  inflate->made = (size_t)(out - inflate->out);
  return code;
}

static Code go_on(Inflate *inflate, size_t target, int below, int *stop) {
  size_t bound = target < inflate->room ? target : inflate->room;
  size_t far = bound > FAST_OUT ? bound - FAST_OUT : 0;
  if (inflate->made < far && inflate->size > FAST_IN && inflate->at < inflate->size - FAST_IN) {
    Code code = run(inflate, far);
    if (code || inflate->block != CODED) return code;
  }
  return step(inflate, target, below, stop);
}

static Code copy_stored(Inflate *inflate, size_t target) {
  size_t length = inflate->left;
  if (length > target - inflate->made) length = target - inflate->made;
  if (length > inflate->room - inflate->made) return UNSUPPORTED;
  if (length) memcpy(inflate->out + inflate->made, inflate->data + inflate->at, length);
  inflate->made += length;
  inflate->at += length;
  inflate->left -= length;
  if (!inflate->left) close_block(inflate);
  return DONE;
}

Code inflate_until(Inflate *inflate, size_t target, int below) {
  int stop = 0;
  Code code = DONE;
  while (!code && !stop && !inflate->ended && inflate->made < target) {
    look_ahead(inflate);
    if (inflate->block == BETWEEN) {
      code = inflate_header(inflate);
      if (code || !below || inflate->block != STORED || inflate->left <= target - inflate->made)
        continue;
      seek(inflate, inflate->head); /* a stored block is taken whole or not at all */
      inflate->block = BETWEEN;
      stop = 1;
    } else if (inflate->block == STORED) {
      code = copy_stored(inflate, target);
    } else {
      code = go_on(inflate, target, below, &stop);
    }
  }
  return code;
}
