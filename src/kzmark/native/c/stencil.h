/* What a plate makes of the MCUs under it, whatever the picture: found once, laid on many. */
#ifndef KZMARK_STENCIL_H
#define KZMARK_STENCIL_H

#include "coding.h"
#include "plate.h"

/* An overlap in coefficients: those of the file lose `rows` x themselves x `columns`, and gain. */
typedef struct {
  int all_rows, all_columns; /* whether that side is 1 */
  float rows[8][8], columns[8][8], gain[8][8];
} Mix;

typedef struct {
  Frame frame;
  int left, top, right, bottom;                     /* MCUs that the plate reaches */
  int core_left, core_top, core_right, core_bottom; /* those it covers wholly, or none */
  uint8_t *kinds;       /* of each block reached, MCU by MCU; see Kind in coding.h */
  uint32_t *places;     /* where it stands in `painted` or `mixes`; of a flat one, its DC */
  int16_t (*painted)[64];
  Mix *mixes;
  size_t painted_count, painted_room, mixes_count, mixes_room;
  float steps[MAX_COMPONENTS][64]; /* of quantisation, by row and column */
  float shares[MAX_COMPONENTS][64]; /* 1 / steps */
} Stencil;

/* Find a stencil; `stencil->frame` is laid out, the plate lies inside the picture. */
Code stencil_make(Stencil *stencil, const Plate *plate);
void stencil_clear(Stencil *stencil);
/* What it makes of the blocks of an MCU. */
const uint8_t *stencil_kinds(const Stencil *stencil, int64_t unit);
/* Paint an MCU; blocks that become a mixture must hold what was there. */
void stencil_paint(const Stencil *stencil, int64_t unit, int16_t (*blocks)[64], uint8_t *kinds);

static inline int stencil_is_core_row(const Stencil *stencil, int row) {
  return row >= stencil->core_top && row < stencil->core_bottom;
}

static inline int stencil_is_core(const Stencil *stencil, int64_t unit) {
  int row = (int)(unit / stencil->frame.across), column = (int)(unit % stencil->frame.across);
  return stencil_is_core_row(stencil, row) && column >= stencil->core_left &&
         column < stencil->core_right;
}

#endif
