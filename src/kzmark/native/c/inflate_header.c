#include "inflate.h"

#include <string.h>

static Code read_lengths(Inflate *inflate, uint8_t *lengths, int count, int coded) {
  uint8_t short_lengths[LENGTH_ORDER] = {0};
  uint32_t table[1 << 7];
  Canon canon;
  for (int at = 0; at < coded; at++) {
    inflate_refill(inflate);
    short_lengths[length_order[at]] = (uint8_t)inflate_take(inflate, 3);
  }
  if (inflate_table(table, 7, &canon, short_lengths, LENGTH_ORDER, 0)) return DAMAGED;
  for (int at = 0; at < count;) {
    inflate_refill(inflate);
    uint32_t entry = table[inflate->bits & 127];
    int symbol = (int)(entry >> 8 & 255), many = 1;
    if (entry & OTHER) return DAMAGED;
    inflate_take(inflate, ENTRY_FIRST(entry));
    if (symbol == 16) {
      if (!at) return DAMAGED;
      symbol = lengths[at - 1];
      many = 3 + (int)inflate_take(inflate, 2);
    } else if (symbol > 16) {
      many = symbol == 17 ? 3 + (int)inflate_take(inflate, 3) : 11 + (int)inflate_take(inflate, 7);
      symbol = 0;
    }
    if (many > count - at) return DAMAGED;
    memset(lengths + at, symbol, (size_t)many);
    at += many;
  }
  return inflate_overran(inflate) ? DAMAGED : DONE;
}

static void keep_end(Inflate *inflate, const uint8_t *lengths) {
  unsigned code = 0;
  int size = lengths[256];
  for (int length = 1; length <= size; length++)
    code = (code + (length > 1 ? inflate->literal_canon.counts[length - 1] : 0u)) << 1;
  for (int symbol = 0; symbol < 256; symbol++) code += lengths[symbol] == size;
  inflate->end_code = 0;
  for (int bit = 0; bit < size; bit++)
    inflate->end_code |= (uint16_t)((code >> bit & 1) << (size - 1 - bit));
  inflate->end_size = size;
}

static Code read_codes(Inflate *inflate, int fixed) {
  uint8_t lengths[LITERALS + DISTANCES];
  int literals = LITERALS, distances = DISTANCES;
  if (fixed) {
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    memset(lengths + 288, 5, 32);
  } else {
    inflate_refill(inflate);
    literals = 257 + (int)inflate_take(inflate, 5);
    distances = 1 + (int)inflate_take(inflate, 5);
    int coded = 4 + (int)inflate_take(inflate, 4);
    if (literals > 286 || distances > 30) return DAMAGED;
    if (read_lengths(inflate, lengths, literals + distances, coded)) return DAMAGED;
    if (!lengths[256]) return DAMAGED;
  }
  if (inflate_table(inflate->literals, LITERAL_LOOK, &inflate->literal_canon, lengths, literals, 0))
    return DAMAGED;
  keep_end(inflate, lengths);
  return inflate_table(inflate->distances, DISTANCE_LOOK, &inflate->distance_canon,
                       lengths + literals, distances, 1);
}

Code inflate_header(Inflate *inflate) {
  inflate->head = inflate_position(inflate);
  inflate_refill(inflate);
  inflate->final = (int)inflate_take(inflate, 1);
  uint32_t kind = inflate_take(inflate, 2);
  if (kind == 3 || inflate_overran(inflate)) return DAMAGED;
  if (kind) {
    if (read_codes(inflate, kind == 1)) return DAMAGED;
    inflate->block = CODED;
    inflate->body = inflate_position(inflate);
    return DONE;
  }
  uint64_t position = (inflate_position(inflate) + 7) & ~7ull;
  if (inflate->size < 4 || position / 8 > inflate->size - 4) return DAMAGED;
  const uint8_t *from = inflate->data + position / 8;
  size_t length = from[0] | (size_t)from[1] << 8;
  if ((from[2] | (size_t)from[3] << 8) != (length ^ 0xFFFF)) return DAMAGED;
  inflate->at = (size_t)(position / 8) + 4; /* bytes are copied from here; no bits are held */
  inflate->bits = 0;
  inflate->count = inflate->past = 0;
  if (length > inflate->size - inflate->at) return DAMAGED;
  inflate->block = STORED;
  inflate->left = length;
  return DONE;
}
