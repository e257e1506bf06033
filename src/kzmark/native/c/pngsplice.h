/* A plate on a PNG: the compressed stream changed where it has to be, and nowhere else. */
#ifndef KZMARK_PNGSPLICE_H
#define KZMARK_PNGSPLICE_H

#include "deflate.h"
#include "pngrows.h"
#include "pngstream.h"

typedef struct {
  size_t top, rows;    /* rows under the plate */
  size_t left, right;  /* bytes of a row that the plate reaches; right is the first one outside */
  const uint8_t *ink;  /* those bytes, row by row */
  uint8_t first, last; /* bits of the first and the last of them that belong to the plate */
  int full;            /* whether it covers rows from end to end: they get new filter types, */
  int indexed;         /* None for indices, Sub and Up for colours */
} Ink;

/* What takes the place of the bytes `from` to `to` of the stream, and its new checksum. */
typedef struct {
  size_t from, to;
  Sink coded;
  uint32_t adler;
} Graft;

/* Release what it holds with graft_clear, whatever came out. */
Code graft_ink(Graft *graft, const Data *data, const Shape *shape, const Ink *ink);
void graft_clear(Graft *graft);

#endif
