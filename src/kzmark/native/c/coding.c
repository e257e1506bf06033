#include "coding.h"

#include <stdlib.h>
#include <string.h>

enum {
  MOST_BYTES = 512,  /* that a block may take: 64 codes of 27 bits at most, all stuffed */
  MOST_ERROR = 8 * 8 /* mean square that fitting may cost a block, in levels of a sample */
};

Code blocks_reserve(Blocks *blocks, size_t more) {
  if (blocks->room - blocks->count >= more) return DONE;
  size_t room = blocks->room + blocks->room / 2 + more + 256;
  void *data = realloc(blocks->data, room * sizeof *blocks->data);
  if (!data) return NO_MEMORY;
  blocks->data = data;
  uint8_t *kinds = realloc(blocks->kinds, room);
  if (!kinds) return NO_MEMORY;
  blocks->kinds = kinds;
  Span *spans = realloc(blocks->spans, room * sizeof *spans);
  if (!spans) return NO_MEMORY;
  blocks->spans = spans;
  blocks->room = room;
  return DONE;
}

void blocks_clear(Blocks *blocks) {
  free(blocks->data);
  free(blocks->kinds);
  free(blocks->spans);
  *blocks = (Blocks){0};
}

/* Bits of a value without its sign. */
static inline int width_of(int value) {
  unsigned rest = (unsigned)(value < 0 ? -value : value);
  int width = 0;
#if defined(__GNUC__)
  if (rest) width = 32 - __builtin_clz(rest);
#else
  for (; rest; rest >>= 1) width++;
#endif
  return width;
}

/* The next place from `place` on that holds a value, or 64. */
static inline int next_value(const int16_t *block, int place) {
  for (; place < 64; place++) {
    uint64_t four = 0;
    while (!(place & 3) && place < 64) {
      memcpy(&four, block + place, sizeof four);
      if (four) break;
      place += 4;
    }
    if (place > 63 || block[place]) break;
  }
  return place;
}

static void survey_block(uint32_t *wanted, const int16_t *block) {
  int last = 0;
  for (int place = 1; (place = next_value(block, place)) < 64; last = place++) {
    int run = place - last - 1;
    wanted[ZRL] += (uint32_t)(run >> 4);
    wanted[(run & 15) << 4 | width_of(block[place])]++;
  }
  wanted[EOB] += last < 63;
}

Code survey_units(Survey *survey, const Frame *frame, const Blocks *blocks, size_t from, size_t to,
                  int *dc) {
  for (size_t at = from; at < to; at++) {
    int owner = frame->owner[(at - from) % (size_t)frame->blocks];
    const Component *component = frame->components + owner;
    int width = width_of(blocks->data[at][0] - dc[owner]);
    if (width > MAX_DC) return NO_CODE;
    dc[owner] = blocks->data[at][0];
    survey->wanted[component->dc][width]++;
    if (blocks->kinds[at] == FLAT)
      survey->wanted[component->ac][EOB]++;
    else if (blocks->kinds[at] != KEPT)
      survey_block(survey->wanted[component->ac], blocks->data[at]);
  }
  return DONE;
}

/* Add the codes a table lacks, the most wanted first; say how many remain without. */
static int grow(Codes *codes, const uint32_t *wanted, int *grown) {
  uint8_t missing[256];
  int count = 0;
  for (int symbol = 0; symbol < 256; symbol++) {
    if (!wanted[symbol] || codes->size[symbol]) continue;
    int at = count++;
    for (; at && wanted[missing[at - 1]] < wanted[symbol]; at--) missing[at] = missing[at - 1];
    missing[at] = (uint8_t)symbol;
  }
  int added = codes_grow(codes, missing, count);
  *grown |= added > 0;
  return count - added;
}

static inline int has(const Codes *codes, int run, int width) {
  return codes->size[run << 4 | width] > 0;
}

/* Find how to code a value of `width` bits behind `run` zeros, fewer than 16: 0 as it is, n > 0
   with a one put n - 1 zeros into the run, -1 not at all. */
static int split(const Codes *codes, int run, int width) {
  if (has(codes, run, width)) return 0;
  for (int before = run - 1; before >= 0; before--)
    if (has(codes, before, 1) && has(codes, run - 1 - before, width)) return before + 1;
  return -1;
}

/* Change a block as little as needed for its codes to be there: an extra one in a run, or a value
   of fewer bits, or none. */
static void fit_block(const Codes *codes, int16_t *block) {
  int last = 0;
  for (int place = 1; place < 64; place++) {
    int value = block[place], width = width_of(value), run = place - last - 1, at = -1;
    if (!value) continue;
    int rest = run & 15;
    if (run < 16 || codes->size[ZRL])
      while (width && (at = split(codes, rest, width)) < 0) width--;
    if (at < 0) {
      block[place] = 0;
      continue;
    }
    if (width < width_of(value))
      block[place] = (int16_t)(value < 0 ? 1 - (1 << width) : (1 << width) - 1);
    if (at > 0) block[last + run - rest + at] = (int16_t)(value < 0 ? -1 : 1);
    last = place;
  }
}

/* Fit a block; say whether it stayed near enough. The DCT keeps squares, so they are summed here. */
static int fits(const Codes *codes, const uint16_t *steps, int16_t *block) {
  int16_t before[64];
  double error = 0;
  memcpy(before, block, sizeof before);
  fit_block(codes, block);
  for (int place = 1; place < 64; place++) {
    double change = (double)(block[place] - before[place]) * steps[place];
    error += change * change;
  }
  return error <= 64.0 * MOST_ERROR;
}

uint64_t kept_bits(const Blocks *blocks, size_t from, size_t to) {
  uint64_t bits = 0;
  for (size_t at = from; at < to; at++)
    if (blocks->kinds[at] == KEPT) bits += blocks->spans[at].to - blocks->spans[at].from;
  return bits;
}

uint64_t survey_bits(const Survey *survey, const Codes *codes) {
  uint64_t bits = 0;
  for (int table = 0; table < TABLES; table++)
    for (int symbol = 0; symbol < 256; symbol++)
      bits += (uint64_t)survey->wanted[table][symbol] *
              (uint64_t)(codes[table].size[symbol] + (symbol & 15));
  return bits;
}

Code provide_codes(const Survey *survey, const Frame *frame, Codes *codes, Blocks *blocks,
                   int *grown, int *fitted) {
  int lacks[TABLES] = {0}, any = 0;
  for (int table = 0; table < TABLES; table++) {
    lacks[table] = grow(codes + table, survey->wanted[table], grown);
    if (lacks[table] && table < AC_TABLES) return NO_CODE;
    any |= lacks[table];
  }
  *fitted = any > 0;
  for (size_t at = 0; any && at < blocks->count; at++) {
    const Component *component =
        frame->components + frame->owner[at % (size_t)frame->blocks];
    if (!lacks[component->ac] || blocks->kinds[at] != PAINTED) continue;
    if (!fits(codes + component->ac, component->steps, blocks->data[at])) return NO_CODE;
  }
  return DONE;
}

/* Write a symbol and a value of so many bits (T.81, F.1.2.1); 0 if there is no code. */
static inline int put(Writer *writer, const Codes *codes, int symbol, int value, int width) {
  int size = codes->size[symbol];
  if (!size) return 0;
  uint32_t bits = (uint32_t)(value < 0 ? value - 1 : value) & ((1u << width) - 1);
  writer_put(writer, (uint32_t)codes->code[symbol] << width | bits, size + width);
  return 1;
}

static int write_ac(Writer *writer, const Codes *codes, const int16_t *block) {
  int last = 0;
  for (int place = 1; (place = next_value(block, place)) < 64; last = place++) {
    int value = block[place], width = width_of(value), run = place - last - 1;
    for (; run > 15; run -= 16)
      if (!put(writer, codes, ZRL, 0, 0)) return 0;
    if (!put(writer, codes, run << 4 | width, value, width)) return 0;
  }
  return last == 63 || put(writer, codes, EOB, 0, 0);
}

/* Write the AC codes of a block. */
static Code write_rest(Writer *writer, const Codes *codes, const Blocks *blocks, size_t at,
                       const uint8_t *plain) {
  const Span *span = blocks->spans + at;
  if (blocks->kinds[at] == KEPT) return writer_copy(writer, plain, span->from, span->to - span->from);
  int done = blocks->kinds[at] == FLAT ? put(writer, codes, EOB, 0, 0)
                                       : write_ac(writer, codes, blocks->data[at]);
  return done ? DONE : NO_CODE;
}

Code write_units(Writer *writer, const Frame *frame, const Codes *codes, const Blocks *blocks,
                 const uint8_t *plain, size_t from, size_t to, int *dc) {
  for (size_t at = from; at < to; at++) {
    int owner = frame->owner[(at - from) % (size_t)frame->blocks];
    const Codes *ac = codes + frame->components[owner].ac;
    int difference = blocks->data[at][0] - dc[owner], width = width_of(difference);
    Code code = writer_reserve(writer, MOST_BYTES);
    if (code) return code;
    dc[owner] = blocks->data[at][0];
    if (width > MAX_DC) return NO_CODE;
    if (!put(writer, codes + frame->components[owner].dc, width, difference, width)) return NO_CODE;
    code = write_rest(writer, ac, blocks, at, plain);
    if (code) return code;
  }
  return DONE;
}
