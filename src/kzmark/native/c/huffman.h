/* Huffman tables of a JPEG (ITU-T T.81, C.2 and F.2.2.3): to skip with, to read with, to write with. */
#ifndef KZMARK_HUFFMAN_H
#define KZMARK_HUFFMAN_H

#include <stdint.h>

#include "code.h"

enum {
  LOOK = 10,           /* bits of the look-up of one symbol */
  LEAP = 12,           /* bits of the look-up of several symbols at once */
  TABLE_BYTES = 272,   /* of a table as it is passed in and out: 16 counts, 256 values */
  TABLES = 8,          /* four for DC, four for AC */
  AC_TABLES = 4,       /* where those for AC begin */
  MAX_DC = 11,         /* bits of a DC difference in 8-bit pictures */
  MAX_AC = 10,         /* bits of an AC coefficient */
  EOB = 0x00,
  ZRL = 0xF0
};

typedef struct {
  uint8_t counts[17];  /* codes of each length, from 1 */
  uint8_t values[256];
  int total;           /* values in use */
  int free;            /* codes of 16 bits behind the last one, that of ones only left out */
  uint16_t next;       /* the first of them */
  uint16_t code[256];  /* by symbol */
  uint8_t size[256];   /* bits of its code, 0 for none */
  uint16_t look[1 << LOOK];  /* bits << 8 | symbol; 0 for longer codes */
  uint16_t leap[1 << LEAP];  /* see huffman.c; 0 where the look-up does not help */
  int32_t last[17];    /* last code of a length, -1 for none */
  int32_t offset[17];  /* index of a value minus its code */
} Table;

/* Fields of an AC leap. */
#define LEAP_BITS(leap) ((leap) & 31)
#define LEAP_PLACES(leap) ((leap) >> 5 & 63)
#define LEAP_ENDS(leap) ((leap) >> 11)
/* Fields of a DC leap. */
#define LEAP_DC_BITS(leap) ((leap) & 15)
#define LEAP_DC_VALUE(leap) (((leap) >> 4) - 2048)

Code table_build(Table *table, const uint8_t *record, int ac);
/* Add codes behind those in use, none of which changes; say how many found room. */
int table_grow(Table *table, const uint8_t *symbols, int count);
void table_record(const Table *table, uint8_t *record);

#endif
