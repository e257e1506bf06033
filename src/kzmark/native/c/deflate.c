#include "deflate.h"

#include <stdlib.h>
#include <string.h>

#include "inflate.h"

enum {
  HASH = 15,                /* bits of the table of places */
  SEQUENCES = 1 << 14,      /* of one block */
  SYMBOLS = 1 << 16,        /* of one block, about */
  SKIP_AFTER = 3,           /* misses that lengthen the step, as a power of two */
  MOST_SKIP = 24,           /* bytes that a step may leave out */
  GOOD = 64,                /* bytes of a match that is not searched on */
  NEAR = 4096,              /* a short match from further away costs more than its bytes */
  SAMPLE = 128,             /* literals weighed one after another */
  ROOM = 1 << 12            /* bytes for a header and its ends */
};

/* Literals, then a match (none at the end of a block). */
typedef struct {
  uint32_t literals;
  uint16_t length, distance; /* the distance less one */
} Sequence;

typedef struct {
  Sink *sink;
  Passage passage;
  size_t done;   /* bytes that are in finished blocks */
  size_t at;     /* where the next sequence's literals begin */
  int count, symbols;
  int sampled; /* whether not all literals of the block were weighed */
  uint32_t literal_weights[MOST_LITERALS], distance_weights[MOST_DISTANCES];
  Sequence sequences[SEQUENCES + 1];
  uint8_t length_symbols[LONGEST + 1];
  uint32_t head[1 << HASH]; /* place + 1, counted from the base, by hash */
  uint32_t before[WINDOW];  /* the place before it with the same hash */
} Deflate;

/* Numbers of bits; the argument is not 0. */
#ifdef __GNUC__
static int highest_bit(unsigned value) { return 31 - __builtin_clz(value); }
static int lowest_bit(uint64_t value) { return __builtin_ctzll(value); }
#else
static int highest_bit(unsigned value) {
  int bit = 0;
  while (value >>= 1) bit++;
  return bit;
}
static int lowest_bit(uint64_t value) {
  int bit = 0;
  for (; !(value & 1); value >>= 1) bit++;
  return bit;
}
#endif

static int distance_symbol(unsigned distance) { /* of the distance less one */
  if (distance < 4) return (int)distance;
  int bits = highest_bit(distance);
  return 2 * bits + (int)(distance >> (bits - 1) & 1);
}

/* Three at a time, with all in registers; needs 8 bytes of room behind what they take. */
static void put_literals(Sink *sink, const Words *words, const uint8_t *data, size_t count) {
  uint8_t *to = sink->data + sink->size;
  uint64_t bits = sink->bits;
  int held = sink->count;
  size_t at = 0;
  for (;; at += 3) {
    store_low(to, bits);
    to += held >> 3;
    bits >>= held & ~7;
    held &= 7;
    if (at + 3 > count) break;
    for (size_t each = at; each < at + 3; each++) {
      bits |= (uint64_t)words->words[data[each]] << held;
      held += words->sizes[data[each]];
    }
  }
  sink->size = (size_t)(to - sink->data);
  sink->bits = bits;
  sink->count = held;
  for (; at < count; at++) sink_put(sink, words->words[data[at]], words->sizes[data[at]]);
}

static void put_match(Sink *sink, const Deflate *deflate, const Words *literals,
                      const Words *distances, const Sequence *sequence) {
  int symbol = deflate->length_symbols[sequence->length], size = literals->sizes[257 + symbol];
  uint64_t extra = (uint64_t)(sequence->length - length_base[symbol]);
  sink_put(sink, literals->words[257 + symbol] | extra << size, size + length_extra[symbol]);
  symbol = distance_symbol(sequence->distance), size = distances->sizes[symbol];
  extra = (uint64_t)(sequence->distance + 1 - distance_base[symbol]);
  sink_put(sink, distances->words[symbol] | extra << size, size + distance_extra[symbol]);
}

/* A quarter of many literals stands for all. */
static void weigh_many(uint32_t *weights, const uint8_t *data, size_t count) {
  uint32_t apart[2][256] = {{0}}; /* equal neighbours shall not wait for each other */
  for (size_t start = 0; start + SAMPLE <= count; start += 4 * SAMPLE)
    for (size_t at = start; at < start + SAMPLE; at += 2) {
      apart[0][data[at]]++;
      apart[1][data[at + 1]]++;
    }
  for (int byte = 0; byte < 256; byte++) weights[byte] += 4 * (apart[0][byte] + apart[1][byte]);
}

static void weigh(Deflate *deflate, const uint8_t *data, size_t count) {
  if (count >= 16 * SAMPLE) {
    weigh_many(deflate->literal_weights, data, count);
    deflate->sampled = 1;
    return;
  }
  for (size_t at = 0; at < count; at++) deflate->literal_weights[data[at]]++;
}

static Code finish_block(Deflate *deflate, int final) {
  Sink *sink = deflate->sink;
  Words literals, distances;
  const uint8_t *data = deflate->passage.data + deflate->done;
  for (int byte = 0; byte < 256; byte++) /* weights were guessed from samples, in part */
    deflate->literal_weights[byte] += !deflate->literal_weights[byte] && deflate->sampled;
  deflate->literal_weights[256] = 1;
  words_build(&literals, deflate->literal_weights, MOST_LITERALS, 15);
  words_build(&distances, deflate->distance_weights, MOST_DISTANCES, 15);
  size_t most = 2 * (size_t)deflate->symbols + 8 * (size_t)deflate->count + ROOM;
  if (sink_reserve(sink, most)) return NO_MEMORY;
  words_header(sink, &literals, &distances, final);
  for (int at = 0; at < deflate->count; at++) {
    const Sequence *sequence = deflate->sequences + at;
    put_literals(sink, &literals, data, sequence->literals);
    data += sequence->literals + sequence->length;
    if (sequence->length) put_match(sink, deflate, &literals, &distances, sequence);
  }
  sink_put(sink, literals.words[256], literals.sizes[256]);
  deflate->done = deflate->at;
  deflate->count = deflate->symbols = deflate->sampled = 0;
  memset(deflate->literal_weights, 0, sizeof deflate->literal_weights);
  memset(deflate->distance_weights, 0, sizeof deflate->distance_weights);
  return DONE;
}

/* Take in literals up to a place and a match there, or none. */
static Code note(Deflate *deflate, size_t at, size_t length, size_t distance) {
  size_t literals = at - deflate->at;
  weigh(deflate, deflate->passage.data + deflate->at, literals);
  deflate->sequences[deflate->count++] =
      (Sequence){(uint32_t)literals, (uint16_t)length, (uint16_t)(distance - 1)};
  if (length) {
    deflate->literal_weights[257 + deflate->length_symbols[length]]++;
    deflate->distance_weights[distance_symbol((unsigned)distance - 1)]++;
  }
  deflate->at = at + length;
  deflate->symbols += (int)literals + 1;
  int full = deflate->count >= SEQUENCES || deflate->symbols >= SYMBOLS;
  return full && deflate->at < deflate->passage.to ? finish_block(deflate, 0) : DONE;
}

static size_t same(const uint8_t *one, const uint8_t *two, size_t most) {
  size_t length = 0;
  for (; length + 8 <= most; length += 8) {
    uint64_t differ = load_low(one + length) ^ load_low(two + length);
    if (differ) return length + (size_t)(lowest_bit(differ) >> 3);
  }
  while (length < most && one[length] == two[length]) length++;
  return length;
}

static uint32_t hashed(const uint8_t *data, int bytes) {
  uint32_t four = data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16;
  if (bytes == 4) four |= (uint32_t)data[3] << 24;
  return (four * 2654435761u) >> (32 - HASH);
}

typedef struct {
  size_t length, distance;
} Match;

static void insert(Deflate *deflate, size_t base, size_t at, int bytes) {
  uint32_t hash = hashed(deflate->passage.data + at, bytes), place = (uint32_t)(at - base);
  deflate->before[place % WINDOW] = deflate->head[hash];
  deflate->head[hash] = place + 1;
}

/* The longest of the candidates for a match. */
static Match search(const Deflate *deflate, size_t base, size_t at, size_t least) {
  const Passage *passage = &deflate->passage;
  size_t most = passage->to - at < LONGEST ? passage->to - at : LONGEST;
  uint32_t place = deflate->head[hashed(passage->data + at, 3)];
  Match best = {least, 0};
  for (int left = passage->search; left && place && best.length < most; left--) {
    size_t candidate = base + place - 1, distance = at - candidate;
    if (distance > passage->window) break;
    if (passage->data[candidate + best.length] == passage->data[at + best.length]) {
      size_t length = same(passage->data + candidate, passage->data + at, most);
      if (length > best.length && (length > 3 || distance < NEAR)) best = (Match){length, distance};
      if (length >= GOOD) left = left / 4 + 1;
    }
    uint32_t older = deflate->before[(place - 1) % WINDOW];
    if (older >= place) break; /* overwritten since */
    place = older;
  }
  return best;
}

/* Every candidate, and a second thought at the next byte: for pictures that repeat themselves. */
static Code pack_well(Deflate *deflate, size_t base) {
  const Passage *passage = &deflate->passage;
  size_t at = passage->from, end = passage->to - base > 3 ? passage->to - 3 : base;
  size_t inserted = base;
  Match last = {0, 0};
  Code code = DONE;
  while (!code && at < end) {
    while (inserted < at && inserted < end) insert(deflate, base, inserted++, 3);
    Match found = {0, 0};
    if (last.length < GOOD) found = search(deflate, base, at, last.length > 2 ? last.length : 2);
    if (last.distance && !found.distance) {
      code = note(deflate, at - 1, last.length, last.distance);
      at = deflate->at;
      last = (Match){0, 0};
      continue;
    }
    last = found.distance ? found : (Match){0, 0};
    at++;
  }
  if (!code && last.distance) code = note(deflate, at - 1, last.length, last.distance);
  return code;
}

/* One candidate, and longer steps where nothing matches: for noise. */
static Code pack_quickly(Deflate *deflate, size_t base) {
  const Passage *passage = &deflate->passage;
  const uint8_t *data = passage->data;
  size_t end = passage->to - base > 8 ? passage->to - 8 : base, misses = 0;
  for (size_t at = base; at < passage->from && at < end; at += 1)
    deflate->head[hashed(data + at, 4)] = (uint32_t)(at - base) + 1;
  for (size_t at = passage->from; at < end;) {
    uint32_t *head = deflate->head + hashed(data + at, 4);
    size_t candidate = base + *head - 1, distance = at - candidate;
    int known = *head && distance <= passage->window;
    *head = (uint32_t)(at - base) + 1;
    if (known && !memcmp(data + candidate, data + at, 4)) {
      size_t most = passage->to - at < LONGEST ? passage->to - at : LONGEST;
      size_t length = 4 + same(data + candidate + 4, data + at + 4, most - 4);
      if (length > 5 || distance < NEAR / 8) {
        Code code = note(deflate, at, length, distance);
        if (code) return code;
        at += length;
        misses = 0;
        continue;
      }
    }
    size_t skip = misses++ >> SKIP_AFTER;
    at += 1 + (skip < MOST_SKIP ? skip : MOST_SKIP);
    if (at - deflate->at >= SYMBOLS) { /* a block of literals alone */
      size_t upto = at < passage->to ? at : passage->to;
      Code code = note(deflate, upto, 0, 1);
      if (code) return code;
    }
  }
  return DONE;
}

static Code pack(Deflate *deflate) {
  const Passage *passage = &deflate->passage;
  size_t most = passage->to, step = (size_t)1 << 30; /* places are 32 bits wide */
  Code code = DONE;
  while (!code && deflate->at < most) {
    Passage *part = &deflate->passage;
    part->from = deflate->at;
    part->to = most - part->from > step ? part->from + step : most;
    size_t base = part->from > WINDOW ? part->from - WINDOW : 0;
    memset(deflate->head, 0, sizeof deflate->head);
    code = part->search > 1 ? pack_well(deflate, base) : pack_quickly(deflate, base);
    if (!code && deflate->at < part->to) code = note(deflate, part->to, 0, 1);
  }
  return code ? code : finish_block(deflate, passage->final);
}

Code deflate_passage(Sink *sink, const Passage *passage) {
  if (passage->from == passage->to && !passage->final) return DONE;
  Deflate *deflate = malloc(sizeof *deflate);
  if (!deflate) return NO_MEMORY;
  deflate->sink = sink;
  deflate->passage = *passage;
  deflate->done = deflate->at = passage->from;
  deflate->count = deflate->symbols = deflate->sampled = 0;
  memset(deflate->literal_weights, 0, sizeof deflate->literal_weights);
  memset(deflate->distance_weights, 0, sizeof deflate->distance_weights);
  for (int symbol = 0; symbol < 29; symbol++)
    for (int length = length_base[symbol]; length <= LONGEST; length++)
      deflate->length_symbols[length] = (uint8_t)symbol;
  Code code = pack(deflate);
  free(deflate);
  return code;
}
