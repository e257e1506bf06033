#include "huffman.h"

#include <string.h>

static int symbol_at(const Table *table, unsigned window, int bits, int *size) {
  for (int length = 1; length <= bits && length <= 16; length++) {
    int32_t code = (int32_t)(window >> (bits - length));
    if (table->last[length] >= 0 && code <= table->last[length]) {
      *size = length;
      return table->values[(code + table->offset[length]) & 255];
    }
  }
  return -1;
}

/* A DC leap holds a whole difference: bits of code and value, the value + 2048. */
static void build_dc_leaps(Table *table) {
  for (unsigned window = 0; window < 1u << LEAP; window++) {
    int size = 0, symbol = symbol_at(table, window, LEAP, &size), value = 0;
    if (symbol < 0 || symbol > MAX_DC || size + symbol > LEAP) continue;
    if (symbol) {
      value = (int)(window >> (LEAP - size - symbol) & ((1u << symbol) - 1));
      if (value < 1 << (symbol - 1)) value += 1 - (1 << symbol);
    }
    table->leap[window] = (uint16_t)((size + symbol) | (value + 2048) << 4);
  }
}

/* An AC leap holds as many symbols as can be told from the bits in view: bits, places passed, end
   of block. The value bits of the last symbol may reach beyond the view. */
static void build_ac_leaps(Table *table) {
  for (unsigned window = 0; window < 1u << LEAP; window++) {
    int bits = 0, places = 0, ends = 0;
    while (bits < LEAP) {
      unsigned rest = window << bits & ((1u << LEAP) - 1);
      unsigned entry = table->look[rest >> (LEAP - LOOK)];
      int size = (int)(entry >> 8), symbol = (int)(entry & 255);
      if (!entry) symbol = symbol_at(table, rest, LEAP, &size);
      if (symbol < 0 || bits + size > LEAP || (symbol & 15) > MAX_AC) break;
      if (symbol == EOB) {
        bits += size;
        ends = 1;
        break;
      }
      if (!(symbol & 15) && symbol != ZRL) break;
      if (places + (symbol >> 4) + 1 > 63) break;
      bits += size + (symbol & 15);
      places += (symbol >> 4) + 1;
    }
    table->leap[window] = (uint16_t)(bits | places << 5 | ends << 11);
  }
}

Code table_build(Table *table, const uint8_t *record, int ac) {
  int code = 0, at = 0;
  memset(table, 0, sizeof *table);
  memcpy(table->counts + 1, record, 16);
  memcpy(table->values, record + 16, 256);
  for (int length = 1; length <= 16; length++, code <<= 1) {
    table->offset[length] = at - code;
    table->last[length] = -1;
    for (int each = 0; each < table->counts[length]; each++, at++, code++) {
      if (at > 255 || code >= 1 << length) return DAMAGED;
      int symbol = table->values[at];
      if (table->size[symbol]) return DAMAGED; /* a symbol with two codes */
      table->code[symbol] = (uint16_t)code;
      table->size[symbol] = (uint8_t)length;
      table->last[length] = code;
      if (length > LOOK) continue;
      int first = code << (LOOK - length), many = 1 << (LOOK - length);
      for (int each_look = first; each_look < first + many; each_look++)
        table->look[each_look] = (uint16_t)(length << 8 | symbol);
    }
  }
  table->total = at;
  code >>= 1; /* the loop shifts once too often */
  table->free = (1 << 16) - code - 1;
  table->next = (uint16_t)code;
  if (ac)
    build_ac_leaps(table);
  else
    build_dc_leaps(table);
  return at ? DONE : DAMAGED;
}

int table_grow(Table *table, const uint8_t *symbols, int count) {
  int added = 0;
  while (added < count && table->free > 0 && table->total < 256 && table->counts[16] < 255) {
    uint8_t symbol = symbols[added++];
    table->values[table->total++] = symbol;
    table->counts[16]++;
    table->code[symbol] = table->next++;
    table->size[symbol] = 16;
    table->free--;
  }
  return added;
}

void table_record(const Table *table, uint8_t *record) {
  memset(record, 0, TABLE_BYTES);
  memcpy(record, table->counts + 1, 16);
  memcpy(record + 16, table->values, (size_t)table->total);
}
