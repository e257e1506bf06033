/* The one scan of a sequential JPEG: its MCUs, skipped or read. */
#ifndef KZMARK_SCAN_H
#define KZMARK_SCAN_H

#include "bits.h"
#include "frame.h"
#include "huffman.h"

typedef struct {
  const Frame *frame;
  const Table *tables; /* TABLES of them */
  const uint8_t *data; /* the file */
  size_t start, stop;  /* its entropy-coded bytes */
  int64_t interval;    /* MCUs from one restart marker to the next; all of them without */
  int64_t intervals;
  size_t *edges;       /* where intervals begin in `data`, and one more past the end + 2 */
} Scan;

/* Where the first marker stands that ends a scan, or how many bytes there are. */
size_t scan_end(const uint8_t *data, size_t at, size_t size);

/* The scan between two places of a file. `restart` is what the file declares, 0 for no markers;
   they must be all there, in order. */
Code scan_open(Scan *scan, const Frame *frame, const Table *tables, int restart);
void scan_close(Scan *scan);

typedef struct {
  const Scan *scan;
  Plain plain;
  Reader reader;
  const uint8_t *limit;        /* as long as the reader is not behind it, an MCU can be read */
  uint32_t dc[MAX_COMPONENTS]; /* of the last block of each component; wraps on damaged data */
  int64_t at, end;             /* the next MCU and the first one behind the interval */
} Cursor;

/* Stand at the start of an interval. */
Code cursor_open(Cursor *cursor, const Scan *scan, int64_t interval);
void cursor_close(Cursor *cursor);
/* Pass MCUs up to `until`, keeping only the DC sums. */
Code cursor_skip(Cursor *cursor, int64_t until);
/* Where the AC codes of a block stand, in bits of the interval. */
typedef struct {
  uint64_t from, to;
} Span;

/* Read an MCU: its blocks in zigzag order, DC absolute. Of blocks that are not `wanted` only the DC
   is read; the rest is passed. */
Code cursor_read(Cursor *cursor, const uint8_t *wanted, int16_t (*blocks)[64], Span *spans);
/* After the last MCU of an interval: see that less than a byte is left. */
Code cursor_finish(Cursor *cursor);
/* See that the bytes not yet read could hold the MCUs not yet read. */
Code cursor_spare(const Cursor *cursor);

static inline uint64_t cursor_position(const Cursor *cursor) {
  return reader_position(&cursor->reader, &cursor->plain);
}

#endif
