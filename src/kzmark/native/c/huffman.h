/* Huffman tables of a JPEG (ITU-T T.81, C.2 and F.2.2.3): to skip with, to read with, to write with. */
#ifndef KZMARK_HUFFMAN_H
#define KZMARK_HUFFMAN_H

#include <stdint.h>

#include "code.h"

enum {
  LOOK = 10,         /* bits of the look-up of one symbol */
  LEAP = 12,         /* bits of the look-up of several symbols at once; more would leave the cache */
  TABLE_BYTES = 272, /* of a table as it is passed in and out: 16 counts, 256 values */
  TABLES = 8,        /* four for DC, four for AC */
  AC_TABLES = 4,     /* where those for AC begin */
  MAX_DC = 11,       /* bits of a DC difference in 8-bit pictures */
  MAX_AC = 10,       /* bits of an AC coefficient */
  EOB = 0x00,
  ZRL = 0xF0,
  LAST_AC = 63       /* places of a block that AC coefficients take */
};

/* What writing needs; a copy can grow. */
typedef struct {
  uint8_t counts[17]; /* codes of each length, from 1 */
  uint8_t values[256];
  int total;          /* values in use; 0 for a table that is not there or is no table */
  int free;           /* codes of 16 bits behind the last one, that of ones only left out */
  uint16_t next;      /* the first of them */
  uint16_t code[256]; /* by symbol */
  uint8_t size[256];  /* bits of its code, 0 for none */
} Codes;

typedef struct {
  Codes codes;
  uint16_t look[1 << LOOK]; /* bits << 8 | symbol; 0 for longer codes */
  uint16_t leap[1 << LEAP]; /* see below; 0 where the look-up does not help */
  uint32_t pick[1 << LOOK]; /* the same */
  int32_t last[17];         /* last code of a length, -1 for none */
  int32_t offset[17];       /* index of a value minus its code */
} Table;

/* An AC leap holds as many symbols as can be told from the bits in view. To the places that a block
   has filled, from 0, it adds those it passes, and 129 if it ends the block: then a block is done
   from LAST_AC on, and bit 6 of any other sum says that the leap does not fit this block. */
enum { LEAP_END = 129, LEAP_MISFIT = 64 };
#define LEAP_BITS(leap) ((leap) & 63)
#define LEAP_PLACES(leap) ((leap) >> 6)
/* A DC leap holds a whole difference. */
#define LEAP_DC_BITS(leap) ((leap) & 15)
#define LEAP_DC_VALUE(leap) ((int)((leap) >> 4) - 2048)

/* A pick holds one AC symbol with its value: value << 16 | places to go on by << 8 | bits. An end of
   block goes on by PICK_END places. */
enum { PICK_END = 64 };
#define PICK_BITS(pick) ((pick) & 255)
#define PICK_PLACES(pick) ((pick) >> 8 & 255)
#define PICK_VALUE(pick) ((int16_t)((pick) >> 16))

/* Build all tables; those that are none have a total of 0. */
void tables_build(Table *tables, const uint8_t *records);
/* Add codes behind those in use, none of which changes; say how many found room. */
int codes_grow(Codes *codes, const uint8_t *symbols, int count);
void codes_record(const Codes *codes, uint8_t *record);

/* The symbol at the top of these bits and the size of its code; -1 if there is none. */
static inline int symbol_of(uint64_t bits, const Table *table, unsigned *size) {
  unsigned entry = table->look[bits >> (64 - LOOK)];
  if (entry) {
    *size = entry >> 8;
    return (int)(entry & 255);
  }
  for (unsigned length = LOOK + 1; length <= 16; length++) {
    int32_t code = (int32_t)(bits >> (64 - length));
    if (code > table->last[length]) continue;
    *size = length;
    return table->codes.values[(code + table->offset[length]) & 255];
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

#endif
