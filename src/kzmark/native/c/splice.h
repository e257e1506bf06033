/* A plate laid into a scan, without decoding the picture. */
#ifndef KZMARK_SPLICE_H
#define KZMARK_SPLICE_H

#include "runs.h"
#include "scan.h"

typedef struct {
  size_t from, to; /* the bytes of the file that `coded` replaces */
  Writer coded;
  int grown;       /* whether there are new codes */
  Codes codes[TABLES];
} Splice;

/* Lay a stencil on a scan of the same frame; its runs are coded with the scan's tables. Blocks that
   the plate does not reach stay as they are. */
Code splice_plate(Splice *splice, const Scan *scan, const Stencil *stencil, const Runs *runs);
void splice_clear(Splice *splice);

#endif
