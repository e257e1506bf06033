/* Blocks into codes, with the tables of the file. */
#ifndef KZMARK_CODING_H
#define KZMARK_CODING_H

#include "plate.h"

/* MCUs to be written, in order: their blocks in zigzag order, DC absolute. */
typedef struct {
  int16_t (*data)[64];
  uint8_t *kinds;
  size_t count, room; /* blocks */
} Blocks;

Code blocks_reserve(Blocks *blocks, size_t more);
void blocks_clear(Blocks *blocks);

/* How often symbols are wanted, by table. */
typedef struct {
  uint32_t wanted[TABLES][256];
} Survey;

/* Count what MCUs need; `dc` is what the DC differences begin with, and goes on with. */
Code survey_units(Survey *survey, const Scan *scan, const Blocks *blocks, size_t from, size_t to,
                  int *dc);
/* Give every wanted symbol a code, or spell painted blocks with the codes there are, if they stay
   near enough by their quantisation `steps`. `fitted` says whether that was needed, so that the
   survey holds no longer; `grown` whether there are new codes. */
Code provide_codes(const Survey *survey, const Scan *scan, Blocks *blocks, const uint16_t *steps,
                   int *grown, int *fitted);
/* Bits that what was counted takes. */
uint64_t survey_bits(const Survey *survey, const Scan *scan);
Code write_units(Writer *writer, const Scan *scan, const Blocks *blocks, size_t from, size_t to,
                 int *dc);

#endif
