/* A stencil's core in codes: what one row of MCUs after another becomes, the first MCU of each
   aside, whose DC differences depend on the picture. */
#ifndef KZMARK_RUNS_H
#define KZMARK_RUNS_H

#include "stencil.h"

typedef struct {
  uint8_t *data;  /* without stuffing, 8 bytes to spare; NULL if the tables lack codes */
  uint64_t *ends; /* bits up to the end of each MCU of the core, row by row */
} Runs;

Code runs_make(Runs *runs, const Stencil *stencil, const Table *tables);
void runs_clear(Runs *runs);

/* Bits up to the end of an MCU of the core. */
static inline uint64_t runs_end(const Runs *runs, const Stencil *stencil, int64_t unit) {
  int across = stencil->frame.across, wide = stencil->core_right - stencil->core_left;
  int row = (int)(unit / across) - stencil->core_top;
  return runs->ends[(size_t)row * (size_t)wide + (size_t)(unit % across - stencil->core_left)];
}

#endif
