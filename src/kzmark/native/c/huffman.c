#include "huffman.h"

#include <string.h>

static void build_dc_leaps(Table *table) {
  for (unsigned window = 0; window < 1u << LEAP; window++) {
    uint64_t bits = (uint64_t)window << (64 - LEAP);
    unsigned size = 0;
    int symbol = symbol_of(bits, table, &size);
    if (symbol < 0 || symbol > MAX_DC || size + (unsigned)symbol > LEAP) continue;
    int value = value_of(bits << size, symbol);
    table->leap[window] = (uint16_t)(size + (unsigned)symbol + ((unsigned)(value + 2048) << 4));
  }
}

/* The value bits of the last symbol may reach beyond the view. */
static uint16_t ac_leap(const Table *table, uint64_t window) {
  unsigned bits = 0, places = 0, size = 0;
  while (bits < LEAP) {
    int symbol = symbol_of(window << bits, table, &size);
    if (symbol < 0 || bits + size > LEAP) break;
    if (symbol == EOB) return (uint16_t)(bits + size + ((places + LEAP_END) << 6));
    if (!is_ac(symbol) || places + (unsigned)(symbol >> 4) + 1 > LAST_AC) break;
    bits += size + (unsigned)(symbol & 15);
    places += (unsigned)(symbol >> 4) + 1;
  }
  return (uint16_t)(bits | places << 6);
}

static void build_ac_leaps(Table *table) {
  for (uint64_t window = 0; window < 1u << LEAP; window++)
    table->leap[window] = ac_leap(table, window << (64 - LEAP));
}

static void build_picks(Table *table) {
  for (unsigned window = 0; window < 1u << LOOK; window++) {
    uint64_t bits = (uint64_t)window << (64 - LOOK);
    unsigned size = 0;
    int symbol = symbol_of(bits, table, &size), width = symbol & 15;
    if (symbol < 0 || size + (unsigned)width > LOOK) continue;
    if (symbol == EOB)
      table->pick[window] = PICK_END << 8 | size;
    else if (is_ac(symbol) && width)
      table->pick[window] = (uint32_t)(uint16_t)value_of(bits << size, width) << 16 |
                            ((uint32_t)(symbol >> 4) + 1) << 8 | (size + (unsigned)width);
  }
}

static int build_codes(Table *table, const uint8_t *record) {
  Codes *codes = &table->codes;
  int code = 0, at = 0;
  memcpy(codes->counts + 1, record, 16);
  memcpy(codes->values, record + 16, 256);
  for (int length = 1; length <= 16; length++, code <<= 1) {
    table->offset[length] = at - code;
    table->last[length] = -1;
    for (int each = 0; each < codes->counts[length]; each++, at++, code++) {
      if (at > 255 || code >= 1 << length) return 0;
      int symbol = codes->values[at];
      if (codes->size[symbol]) return 0; /* a symbol with two codes */
      codes->code[symbol] = (uint16_t)code;
      codes->size[symbol] = (uint8_t)length;
      table->last[length] = code;
      if (length > LOOK) continue;
      int first = code << (LOOK - length), many = 1 << (LOOK - length);
      for (int look = first; look < first + many; look++)
        table->look[look] = (uint16_t)(length << 8 | symbol);
    }
  }
  code >>= 1; /* the loop shifts once too often */
  codes->free = (1 << 16) - code - 1;
  codes->next = (uint16_t)code;
  codes->total = at;
  return at > 0;
}

void tables_build(Table *tables, const uint8_t *records) {
  memset(tables, 0, TABLES * sizeof *tables);
  for (int at = 0; at < TABLES; at++) {
    Table *table = tables + at;
    if (!build_codes(table, records + TABLE_BYTES * at)) {
      table->codes.total = 0;
    } else if (at < AC_TABLES) {
      build_dc_leaps(table);
    } else {
      build_ac_leaps(table);
      build_picks(table);
    }
  }
}

int codes_grow(Codes *codes, const uint8_t *symbols, int count) {
  int added = 0;
  while (added < count && codes->free > 0 && codes->total < 256 && codes->counts[16] < 255) {
    uint8_t symbol = symbols[added++];
    codes->values[codes->total++] = symbol;
    codes->counts[16]++;
    codes->code[symbol] = codes->next++;
    codes->size[symbol] = 16;
    codes->free--;
  }
  return added;
}

void codes_record(const Codes *codes, uint8_t *record) {
  memset(record, 0, TABLE_BYTES);
  memcpy(record, codes->counts + 1, 16);
  memcpy(record + 16, codes->values, (size_t)codes->total);
}
