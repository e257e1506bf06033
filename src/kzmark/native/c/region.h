/* The pixels of a part of a picture, the rest of it passed over. */
#ifndef KZMARK_REGION_H
#define KZMARK_REGION_H

#include "scan.h"

/* How the components of a file become channels. */
typedef enum { AS_THEY_ARE, FROM_YCC, FROM_YCCK, MODELS } Model;

/* A region of the picture at its full size, or at a half, quarter or eighth of it. */
typedef struct {
  int x, y, width, height; /* pixels, inside the picture as it comes out */
  int by;                  /* 1, 2, 4 or 8; the sides are divided by it and rounded up */
  Model model;
} Region;

/* A side of the picture as it comes out. */
static inline int region_side(int side, int by) { return (side + by - 1) / by; }

/* Decode a region: rows of pixels with as many channels as there are components. A smaller picture
   is for components that have all samples, or every second one both ways. */
Code region_decode(const Region *region, const Scan *scan, uint8_t *out);

#endif
