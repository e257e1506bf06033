/* The one scan of a sequential JPEG: its MCUs, skipped or read. */
#ifndef KZMARK_SCAN_H
#define KZMARK_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "bits.h"
#include "code.h"
#include "huffman.h"

enum { MAX_COMPONENTS = 4, MAX_BLOCKS = 10, MAX_SAMPLING = 4 };

typedef struct {
  int across, down; /* sampling factors */
  int wide, high;   /* pixels of a sample */
  int dc, ac;       /* tables, as indices of Scan.tables */
} Component;

typedef struct {
  const uint8_t *data; /* the file */
  size_t start, stop;  /* its entropy-coded bytes */
  int width, height;   /* pixels */
  int count;           /* components */
  Component components[MAX_COMPONENTS];
  int unit_wide, unit_high; /* pixels of an MCU */
  int across, down;         /* MCUs of the picture */
  int64_t interval;         /* MCUs from one restart marker to the next; all of them without */
  size_t *edges;            /* where intervals begin in `data`, and one more past the end + 2 */
  int64_t intervals;
  int blocks;               /* of an MCU */
  uint8_t owner[MAX_BLOCKS]; /* component of each */
  Table *tables;            /* TABLES of them */
} Scan;

/* What the header says, as Python found it. */
typedef struct {
  const uint8_t *data;
  size_t start, stop;
  int width, height, restart;
  const uint8_t *components; /* count x (across, down, DC table 0-3, AC table 0-3) */
  int count;
  const uint8_t *huffman;    /* TABLES x TABLE_BYTES */
} Header;

Code scan_open(Scan *scan, const Header *header);
void scan_close(Scan *scan);

static inline int64_t scan_total(const Scan *scan) {
  return (int64_t)scan->across * scan->down;
}

typedef struct {
  const Scan *scan;
  Plain plain;
  Reader reader;
  uint32_t dc[MAX_COMPONENTS]; /* of the last block of each component; wraps on damaged data */
  int64_t at, end;             /* the next MCU and the first one behind the interval */
} Cursor;

/* Stand at the start of an interval. */
Code cursor_open(Cursor *cursor, const Scan *scan, int64_t interval);
void cursor_close(Cursor *cursor);
/* Pass MCUs up to `until`, keeping only the DC sums. */
Code cursor_skip(Cursor *cursor, int64_t until);
/* Read an MCU: its blocks in zigzag order, DC absolute. */
Code cursor_read(Cursor *cursor, int16_t (*blocks)[64]);
/* After the last MCU of an interval: see that less than a byte is left. */
Code cursor_finish(Cursor *cursor);

#endif
