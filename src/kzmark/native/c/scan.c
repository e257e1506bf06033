#include "scan.h"

#include <stdlib.h>
#include <string.h>

static Code measure(Scan *scan, const Header *header) {
  int most_across = 1, most_down = 1;
  if (header->count < 1 || header->count > MAX_COMPONENTS) return UNSUPPORTED;
  for (int at = 0; at < header->count; at++) {
    const uint8_t *given = header->components + 4 * at;
    Component *component = scan->components + at;
    component->across = header->count == 1 ? 1 : given[0]; /* alone, blocks are not interleaved */
    component->down = header->count == 1 ? 1 : given[1];
    if (component->across < 1 || component->across > MAX_SAMPLING) return DAMAGED;
    if (component->down < 1 || component->down > MAX_SAMPLING) return DAMAGED;
    if (given[2] > 3 || given[3] > 3) return DAMAGED;
    component->dc = given[2];
    component->ac = AC_TABLES + given[3];
    if (component->across > most_across) most_across = component->across;
    if (component->down > most_down) most_down = component->down;
    for (int each = 0; each < component->across * component->down; each++) {
      if (scan->blocks == MAX_BLOCKS) return UNSUPPORTED;
      scan->owner[scan->blocks++] = (uint8_t)at;
    }
  }
  for (int at = 0; at < header->count; at++) {
    Component *component = scan->components + at;
    if (most_across % component->across || most_down % component->down) return UNSUPPORTED;
    component->wide = most_across / component->across;
    component->high = most_down / component->down;
  }
  scan->unit_wide = 8 * most_across;
  scan->unit_high = 8 * most_down;
  scan->across = (scan->width + scan->unit_wide - 1) / scan->unit_wide;
  scan->down = (scan->height + scan->unit_high - 1) / scan->unit_high;
  return DONE;
}

static Code build_tables(Scan *scan, const Header *header) {
  int built[TABLES] = {0};
  scan->tables = calloc(TABLES, sizeof *scan->tables);
  if (!scan->tables) return NO_MEMORY;
  for (int at = 0; at < 2 * scan->count; at++) {
    const Component *component = scan->components + at / 2;
    int table = at % 2 ? component->ac : component->dc;
    if (built[table]++) continue;
    Code code = table_build(scan->tables + table, header->huffman + TABLE_BYTES * table,
                            table >= AC_TABLES);
    if (code) return code;
  }
  return DONE;
}

/* Find the restart markers; there must be as many as the header wants, in order, and nothing else
   behind an FF but stuffing. The whole scan is looked through, also what is only copied later. */
static Code find_edges(Scan *scan) {
  const uint8_t *at = scan->data + scan->start, *stop = scan->data + scan->stop;
  int64_t found = 0;
  scan->intervals = (scan_total(scan) + scan->interval - 1) / scan->interval;
  if ((uint64_t)scan->intervals > (scan->stop - scan->start) / 2 + 1) return DAMAGED;
  scan->edges = malloc(((size_t)scan->intervals + 1) * sizeof *scan->edges);
  if (!scan->edges) return NO_MEMORY;
  scan->edges[found++] = scan->start;
  while ((at = memchr(at, 0xFF, (size_t)(stop - at)))) {
    if (++at == stop) return DAMAGED;
    if (*at) {
      if (*at != 0xD0 + (found - 1) % 8 || found == scan->intervals) return DAMAGED;
      scan->edges[found++] = (size_t)(at + 1 - scan->data);
    }
    at++;
  }
  if (found != scan->intervals) return DAMAGED;
  scan->edges[found] = scan->stop + 2;
  return DONE;
}

Code scan_open(Scan *scan, const Header *header) {
  *scan = (Scan){.data = header->data,
                 .start = header->start,
                 .stop = header->stop,
                 .width = header->width,
                 .height = header->height,
                 .count = header->count};
  if (scan->width < 1 || scan->height < 1 || scan->width > 65535 || scan->height > 65535)
    return DAMAGED;
  Code code = measure(scan, header);
  if (code) return code;
  scan->interval = header->restart > 0 ? header->restart : scan_total(scan);
  if ((code = find_edges(scan))) return code;
  return build_tables(scan, header);
}

void scan_close(Scan *scan) {
  free(scan->edges);
  free(scan->tables);
  scan->edges = NULL;
  scan->tables = NULL;
}

Code cursor_open(Cursor *cursor, const Scan *scan, int64_t interval) {
  memset(cursor, 0, sizeof *cursor);
  cursor->scan = scan;
  cursor->at = interval * scan->interval;
  cursor->end = cursor->at + scan->interval;
  if (cursor->end > scan_total(scan)) cursor->end = scan_total(scan);
  Code code = plain_open(&cursor->plain, scan->data + scan->edges[interval],
                         scan->data + scan->edges[interval + 1] - 2);
  cursor->reader = reader_open(&cursor->plain);
  return code;
}

void cursor_close(Cursor *cursor) { plain_close(&cursor->plain); }

/* The symbol at the top of these bits and the size of its code; -1 if there is none. */
static inline int symbol_of(uint64_t bits, const Table *table, int *size) {
  unsigned entry = table->look[bits >> (64 - LOOK)];
  if (entry) {
    *size = (int)(entry >> 8);
    return (int)(entry & 255);
  }
  for (int length = LOOK + 1; length <= 16; length++) {
    int32_t code = (int32_t)(bits >> (64 - length));
    if (code > table->last[length]) continue;
    *size = length;
    return table->values[(code + table->offset[length]) & 255];
  }
  return -1;
}

/* The value that so many bits at the top stand for (T.81, F.2.2.1). */
static inline int value_of(uint64_t bits, int width) {
  if (!width) return 0;
  int value = (int)(bits >> (64 - width));
  return value < 1 << (width - 1) ? value + 1 - (1 << width) : value;
}

static inline int is_ac(int symbol) {
  return symbol >= 0 && (symbol & 15) <= MAX_AC && (symbol & 15 || symbol == ZRL);
}

/* In the loop below the reader lives in registers: `bits`, `count`, `at`. */
#define LOAD() (bits = reader->bits, count = reader->count, at = reader->at, end = reader->end)
#define STORE() (reader->bits = bits, reader->count = count, reader->at = at)
#define REFILL()                           \
  do {                                     \
    if (count >= 32) break;                \
    if (end - at >= 8) {                   \
      bits |= load64(at) >> count;         \
      at += (63 - count) >> 3;             \
      count |= 56;                         \
    } else {                               \
      STORE();                             \
      reader_refill_slowly(reader);        \
      LOAD();                              \
    }                                      \
  } while (0)
#define DROP(size) (bits <<= (size), count -= (size))

/* Pass the blocks of `units` MCUs; the sums take the DC differences. 0 if the data are damaged. */
static int skip_units(const Scan *scan, Reader *reader, int64_t units, uint32_t *sums) {
  const Table *dcs[MAX_BLOCKS], *acs[MAX_BLOCKS];
  const uint8_t *at, *end;
  uint64_t bits;
  int count, size = 0;
  LOAD();
  for (int block = 0; block < scan->blocks; block++) {
    dcs[block] = scan->tables + scan->components[scan->owner[block]].dc;
    acs[block] = scan->tables + scan->components[scan->owner[block]].ac;
  }
  for (; units > 0; units--) {
    for (int block = 0; block < scan->blocks; block++) {
      const Table *ac = acs[block];
      REFILL();
      unsigned leap = dcs[block]->leap[bits >> (64 - LEAP)];
      if (leap) {
        DROP(LEAP_DC_BITS((int)leap));
        sums[scan->owner[block]] += (uint32_t)LEAP_DC_VALUE((int)leap);
      } else {
        int width = symbol_of(bits, dcs[block], &size);
        if (width < 0 || width > MAX_DC) return 0;
        DROP(size);
        sums[scan->owner[block]] += (uint32_t)value_of(bits, width);
        DROP(width);
      }
      for (int place = 1; place < 64;) {
        REFILL();
        leap = ac->leap[bits >> (64 - LEAP)];
        int after = place + (int)LEAP_PLACES(leap);
        /* a leap may pass the end of a block that fills all its places: then symbol by symbol */
        if (leap && after + (int)LEAP_ENDS(leap) <= 64) {
          DROP((int)LEAP_BITS(leap));
          place = LEAP_ENDS(leap) ? 64 : after;
          continue;
        }
        int symbol = symbol_of(bits, ac, &size);
        if (symbol != EOB && !is_ac(symbol)) return 0;
        DROP(size + (symbol & 15));
        place = symbol == EOB ? 64 : place + (symbol >> 4) + 1;
        if (place > 64) return 0;
      }
    }
    if (reader->past && count < 8 * reader->past) return 0;
  }
  STORE();
  return 1;
}

Code cursor_skip(Cursor *cursor, int64_t until) {
  if (cursor->at >= until) return DONE;
  if (!skip_units(cursor->scan, &cursor->reader, until - cursor->at, cursor->dc)) return DAMAGED;
  cursor->at = until;
  return DONE;
}

static int read_block(Reader *reader, const Table *dc, const Table *ac, uint32_t *sum,
                      int16_t *block) {
  int size = 0;
  memset(block, 0, 64 * sizeof *block);
  reader_refill(reader);
  int width = symbol_of(reader->bits, dc, &size);
  if (width < 0 || width > MAX_DC) return 0;
  reader_drop(reader, size);
  *sum += (uint32_t)value_of(reader->bits, width);
  reader_drop(reader, width);
  if (*sum + 2048 > 4095) return 0; /* no picture of 8 bits has such a block */
  block[0] = (int16_t)(int32_t)*sum;
  for (int place = 1; place < 64; place++) {
    reader_refill(reader);
    int symbol = symbol_of(reader->bits, ac, &size);
    if (symbol != EOB && !is_ac(symbol)) return 0;
    reader_drop(reader, size);
    if (symbol == EOB) return 1;
    place += symbol >> 4;
    if (place > 63) return 0;
    block[place] = (int16_t)value_of(reader->bits, symbol & 15);
    reader_drop(reader, symbol & 15);
  }
  return 1;
}

Code cursor_read(Cursor *cursor, int16_t (*blocks)[64]) {
  const Scan *scan = cursor->scan;
  for (int block = 0; block < scan->blocks; block++) {
    int owner = scan->owner[block];
    const Component *component = scan->components + owner;
    if (!read_block(&cursor->reader, scan->tables + component->dc, scan->tables + component->ac,
                    cursor->dc + owner, blocks[block]))
      return DAMAGED;
  }
  cursor->at++;
  return reader_overran(&cursor->reader) ? DAMAGED : DONE;
}

Code cursor_finish(Cursor *cursor) {
  return plain_left(&cursor->plain, reader_position(&cursor->reader)) < 8 ? DONE : DAMAGED;
}
