/* The pixels of a part of a picture, the rest of it passed over. */
#ifndef KZMARK_REGION_H
#define KZMARK_REGION_H

#include "scan.h"

/* How the components of a file become channels. */
typedef enum { AS_THEY_ARE, FROM_YCC, FROM_YCCK, MODELS } Model;

typedef struct {
  int x, y, width, height; /* pixels, inside the picture */
  Model model;
} Region;

/* Decode a region: rows of pixels with as many channels as there are components. */
Code region_decode(const Region *region, const Scan *scan, uint8_t *out);

#endif
