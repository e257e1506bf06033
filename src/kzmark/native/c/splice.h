/* A plate laid into a scan, and a part cut out of one, without decoding the picture. */
#ifndef KZMARK_SPLICE_H
#define KZMARK_SPLICE_H

#include "coding.h"

typedef struct {
  size_t from, to; /* the bytes of the file that `coded` replaces */
  Writer coded;
  int grown;       /* whether the scan's tables have new codes */
} Splice;

/* Replace what a plate covers. Blocks that it does not reach stay as they are. */
Code splice_plate(Splice *splice, const Scan *scan, const Plate *plate);
/* Code MCUs from (left, top) to (right, bottom) as a scan of their own, without restart markers. */
Code splice_crop(Splice *splice, const Scan *scan, int left, int top, int right, int bottom);
void splice_clear(Splice *splice);

#endif
