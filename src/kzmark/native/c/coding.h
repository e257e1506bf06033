/* Blocks into codes, with the tables of the file. */
#ifndef KZMARK_CODING_H
#define KZMARK_CODING_H

#include "scan.h"

/* What stands in a block: what was there, something of the plate, one colour of it; and in a
   stencil, a mixture of the first two. */
typedef enum { KEPT, PAINTED, FLAT, MIXED } Kind;

/* MCUs to be written, in order: their blocks in zigzag order, DC absolute. Of kept ones there is
   only the DC; their AC codes are those of a span. */
typedef struct {
  int16_t (*data)[64];
  uint8_t *kinds;
  Span *spans;
  size_t count, room; /* blocks */
} Blocks;

Code blocks_reserve(Blocks *blocks, size_t more);
void blocks_clear(Blocks *blocks);

/* How often symbols are wanted, by table. */
typedef struct {
  uint32_t wanted[TABLES][256];
} Survey;

/* Count what MCUs need, AC codes that are kept aside; `dc` is what the DC differences begin with, and
   goes on with. */
Code survey_units(Survey *survey, const Frame *frame, const Blocks *blocks, size_t from, size_t to,
                  int *dc);
/* Bits that the kept AC codes of MCUs take. */
uint64_t kept_bits(const Blocks *blocks, size_t from, size_t to);
/* Bits that what was counted takes. */
uint64_t survey_bits(const Survey *survey, const Codes *codes);
/* Give every wanted symbol a code, or spell painted blocks with the codes there are, if they stay
   near enough. `fitted` says whether that was needed, so that the survey holds no longer; `grown`
   whether there are new codes. */
Code provide_codes(const Survey *survey, const Frame *frame, Codes *codes, Blocks *blocks,
                   int *grown, int *fitted);
/* Write MCUs; `plain` is what the spans of kept blocks are bits of. */
Code write_units(Writer *writer, const Frame *frame, const Codes *codes, const Blocks *blocks,
                 const uint8_t *plain, size_t from, size_t to, int *dc);

#endif
