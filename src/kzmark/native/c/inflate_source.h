/* A stream that stands in pieces of a file, put together as far as anyone has looked. */
#ifndef KZMARK_INFLATE_SOURCE_H
#define KZMARK_INFLATE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "code.h"

typedef struct {
  int64_t from, size;
} Piece;

typedef struct {
  const uint8_t *file;
  const Piece *pieces; /* each lies within the file */
  size_t count, next;  /* pieces, and the first that is not yet put together */
  const uint8_t *data; /* the stream */
  uint8_t *own;        /* the same, if it had to be put together */
  size_t ready, size;  /* bytes of it that can be read, and all */
} Source;

/* Release what it holds with source_close, whatever came out. */
Code source_open(Source *source, const uint8_t *file, const Piece *pieces, size_t count);
void source_close(Source *source);
/* Make another piece readable, if there is one. */
void source_more(Source *source);
/* The last four bytes of a stream that has so many, the first of them on top. */
uint32_t source_end(const Source *source);

#endif
