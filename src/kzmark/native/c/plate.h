/* An opaque plate over the samples of each component. */
#ifndef KZMARK_PLATE_H
#define KZMARK_PLATE_H

#include "frame.h"

enum { MAX_CHANNELS = 4, COLOUR_ONE = 1 << 16 };

typedef struct {
  const uint8_t *pixels; /* rows of pixels of one byte for each channel */
  int channels;
  const int32_t *colours; /* for each component: a weight of each channel, an offset; in 1/65536 */
  int x, y, width, height;
  int right, bottom; /* where it ends: with the picture's last MCUs, if it ends with the picture */
} Plate;

typedef enum { OUTSIDE, PARTLY, INSIDE } Cover;

/* How a plate lies on the samples of a block: it takes the share of a row and a column of each, and
   adds something for it. */
typedef struct {
  float rows[8], columns[8], add[8][8];
} Overlap;

void plate_settle(Plate *plate, const Frame *frame); /* find what follows from the rest */
Cover plate_cover(const Plate *plate, int x, int y, int wide, int high);
/* The pixel that all those of the plate in a rectangle are equal to, or NULL. */
const uint8_t *plate_colour(const Plate *plate, int x, int y, int wide, int high);
/* A sample of a component under a pixel. */
float plate_sample(const Plate *plate, int owner, const uint8_t *pixel);
/* The samples of a block of a component that lies wholly under the plate. */
void plate_samples(const Plate *plate, const Frame *frame, int owner, int x, int y,
                   float samples[8][8]);
void plate_overlap(const Plate *plate, const Frame *frame, int owner, int x, int y,
                   Overlap *overlap);

#endif
