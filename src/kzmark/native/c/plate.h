/* An opaque plate laid on blocks, in the samples of each component. */
#ifndef KZMARK_PLATE_H
#define KZMARK_PLATE_H

#include "scan.h"

enum { MAX_CHANNELS = 4, COLOUR_ONE = 1 << 16 };

typedef struct {
  const uint8_t *pixels; /* rows of pixels of one byte for each channel */
  int channels;
  const int32_t *colours; /* for each component: a weight of each channel, an offset; in 1/65536 */
  const uint16_t *steps;  /* quantisation: 64 of each component, in zigzag order */
  int x, y, width, height;
  int right, bottom;     /* where it ends: with the picture's last MCUs, if it ends with the picture */
  float shares[MAX_COMPONENTS][64]; /* 1 / steps, by row and column */
} Plate;

typedef enum { OUTSIDE, PARTLY, INSIDE } Cover;

/* What stands in a block: what was there, something of the plate, one colour of it. */
typedef enum { KEPT, PAINTED, FLAT } Kind;

void plate_settle(Plate *plate, const Scan *scan); /* find what follows from the rest */
Cover plate_cover_unit(const Plate *plate, const Scan *scan, int64_t unit);
/* Paint the blocks of an MCU that the plate reaches; the others must hold what was there. */
void plate_paint(const Plate *plate, const Scan *scan, int64_t unit, int16_t (*blocks)[64],
                 uint8_t *kinds);

#endif
