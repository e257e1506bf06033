/* Components side by side, each with its own samples, into pixels. */
#ifndef KZMARK_PLANES_H
#define KZMARK_PLANES_H

#include "region.h"

/* A part of the samples of a component. */
typedef struct {
  uint8_t *data;
  size_t stride;
  int x, y;          /* the first sample there */
  int width, height; /* samples of the whole picture, padding left out */
  int wide, high;    /* pixels of a sample */
} Plane;

/* Bring the planes to full size as decoders do, smoothly where samples are halved, and convert. */
Code planes_show(const Plane *planes, const Region *region, int count, uint8_t *out);

#endif
