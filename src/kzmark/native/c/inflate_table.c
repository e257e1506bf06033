#include "inflate.h"

#include <string.h>

const uint8_t length_order[LENGTH_ORDER] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                            11, 4,  12, 3, 13, 2, 14, 1, 15};
/* Behind those of the standard stand symbols that mean nothing. */
const uint16_t length_base[31] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23,  27,
                                  31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
const uint8_t length_extra[31] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
                                  3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
const uint16_t distance_base[32] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,
                                    33,  49,  65,  97,  129, 193,  257,  385,  513,  769,
                                    1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
const uint8_t distance_extra[32] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6, 6,
                                    7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

static uint32_t entry_of(const Canon *canon, int symbol, int bits) {
  if (canon->distances) {
    if (symbol >= 30) return ENTRY(BAD);
    return (uint32_t)bits | ENTRY(VALUE) | (uint32_t)distance_extra[symbol] << 8 |
           (uint32_t)distance_base[symbol] << 16;
  }
  if (symbol < 256)
    return (uint32_t)bits | LITERALS_OF(1) | (uint32_t)symbol << 8 | (uint32_t)bits << 24;
  if (symbol == 256) return (uint32_t)bits | ENTRY(END);
  if (symbol >= 286) return ENTRY(BAD);
  return (uint32_t)bits | ENTRY(VALUE) | (uint32_t)length_extra[symbol - 257] << 8 |
         (uint32_t)length_base[symbol - 257] << 16;
}

uint32_t inflate_long(const Canon *canon, uint64_t bits) {
  int code = 0, first = 0, index = 0;
  for (int length = 1; length < 16; length++, bits >>= 1) {
    int count = canon->counts[length];
    code |= (int)(bits & 1);
    if (code - count < first) return entry_of(canon, canon->symbols[index + code - first], length);
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return ENTRY(BAD);
}

/* As strict as zlib: all codes are used up, or there is none, or one of a single bit. */
enum { COMPLETE, SPARSE, WRONG };

static int check_lengths(const Canon *canon) {
  int left = 1, used = 0;
  for (int length = 1; length < 16; length++) {
    left = (left << 1) - canon->counts[length];
    if (left < 0) return WRONG;
    used += canon->counts[length];
  }
  if (!left) return COMPLETE;
  return used == 0 || (used == 1 && canon->counts[1] == 1) ? SPARSE : WRONG;
}

static void sort_symbols(Canon *canon, const uint8_t *lengths, int count) {
  uint16_t next[17] = {0};
  for (int length = 1; length < 16; length++)
    next[length + 1] = (uint16_t)(next[length] + canon->counts[length]);
  for (int symbol = 0; symbol < count; symbol++)
    if (lengths[symbol]) canon->symbols[next[lengths[symbol]]++] = (uint16_t)symbol;
}

/* Two literals at once where both codes lie within the look-up. From the top down, for the second
   one's bits are a smaller number, whose entry still holds one literal. */
static void join_pairs(uint32_t *table, int look) {
  for (int at = (1 << look) - 1; at >= 0; at--) {
    uint32_t one = table[at];
    if (one & OTHER) continue;
    uint32_t two = table[at >> ENTRY_BITS(one)];
    int bits = ENTRY_BITS(one) + ENTRY_BITS(two);
    if (two & OTHER || bits > look) continue;
    table[at] = (uint32_t)bits | LITERALS_OF(2) | (one & 0x0F00FF00) | (two & 0xFF00) << 8;
  }
}

Code inflate_table(uint32_t *table, int look, Canon *canon, const uint8_t *lengths, int count,
                   int distances) {
  memset(canon->counts, 0, sizeof canon->counts);
  canon->distances = distances;
  for (int symbol = 0; symbol < count; symbol++) canon->counts[lengths[symbol]]++;
  canon->counts[0] = 0;
  int usual = check_lengths(canon), longer = 0;
  if (usual == WRONG) return DAMAGED;
  sort_symbols(canon, lengths, count);
  for (int length = look + 1; length < 16; length++) longer |= canon->counts[length];
  if (longer || usual != COMPLETE)
    for (int at = 0; at < 1 << look; at++) table[at] = ENTRY(longer ? LONG : BAD);
  unsigned code = 0; /* with its bits reversed, as they come */
  int index = 0;
  for (int length = 1; length <= look; length++)
    for (int each = 0; each < canon->counts[length]; each++) {
      uint32_t entry = entry_of(canon, canon->symbols[index++], length);
      for (unsigned at = code; at < 1u << look; at += 1u << length) table[at] = entry;
      unsigned top = 1u << (length - 1);
      while (code & top) code ^= top, top >>= 1; /* add one, from the top */
      code |= top;
    }
  if (!distances) join_pairs(table, look);
  return DONE;
}
