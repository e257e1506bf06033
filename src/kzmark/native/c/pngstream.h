/* The zlib stream of a PNG, read as far as it is wanted (RFC 1950). */
#ifndef KZMARK_PNGSTREAM_H
#define KZMARK_PNGSTREAM_H

#include "inflate.h"
#include "pngrows.h"

/* Where a stream stands: pieces of a file. */
typedef struct {
  const uint8_t *file;
  const Piece *pieces;
  size_t count;
} Data;

typedef struct {
  Inflate inflate;
  Source source;
  uint8_t *raw;   /* room for all filtered rows */
  size_t total;   /* their bytes */
  size_t window;  /* how far back a match may reach, as the header declares it */
  uint32_t adler; /* the checksum that the last four bytes are */
} Stream;

/* Release what it holds with stream_close, whatever came out. */
Code stream_open(Stream *stream, const Data *data, const Shape *shape);
void stream_close(Stream *stream);
/* Read to the end, and hold it against its size and its checksum. */
Code stream_finish(Stream *stream);

/* Plain bytes of the rows `first` to `last`, each cut to `width`; the stream is read that far, or,
   if `whole`, to its end. */
Code stream_rows(uint8_t *to, const Data *data, const Shape *shape, size_t first, size_t last,
                 size_t width, int whole);

#endif
