#include "scan.h"

#include <stdlib.h>
#include <string.h>

/* Whether bytes hold an FF with anything but stuffing behind it; one more byte is read. */
static int holds_marker(const uint8_t *data, size_t size) {
  uint8_t any = 0; /* no way out in between, so that compilers take many bytes at a time */
  for (size_t at = 0; at < size; at++) any |= (uint8_t)((data[at] == 0xFF) & (data[at + 1] != 0));
  return any;
}

size_t scan_end(const uint8_t *data, size_t at, size_t size) {
  enum { MANY = 1024 };
  while (at + 1 < size) {
    size_t many = size - 1 - at < MANY ? size - 1 - at : MANY, stop = at + many;
    if (!holds_marker(data + at, many)) {
      at = stop;
      continue;
    }
    for (; at < stop; at++) {
      uint8_t marker = data[at + 1];
      if (data[at] != 0xFF || !marker || marker == 0xFF) continue; /* FF FF: a fill byte */
      if (marker < 0xD0 || marker > 0xD7) return at;
    }
  }
  return size;
}

/* Find the restart markers; there must be as many as the header wants, in order, and nothing else
   behind an FF but stuffing. The whole scan is looked through, also what is only copied later. */
static Code find_edges(Scan *scan) {
  const uint8_t *at = scan->data + scan->start, *stop = scan->data + scan->stop;
  int64_t found = 0;
  scan->edges[found++] = scan->start;
  while (scan->intervals > 1 && (at = memchr(at, 0xFF, (size_t)(stop - at)))) {
    if (++at == stop) return DAMAGED;
    if (*at) {
      if (*at != 0xD0 + (found - 1) % 8 || found == scan->intervals) return DAMAGED;
      scan->edges[found++] = (size_t)(at + 1 - scan->data);
    }
    at++;
  }
  if (found != scan->intervals) return DAMAGED;
  scan->edges[found] = scan->stop + 2;
  return DONE;
}

Code scan_open(Scan *scan, const Frame *frame, const Table *tables, int restart) {
  int64_t total = frame_total(frame);
  scan->frame = frame;
  scan->tables = tables;
  scan->edges = NULL;
  for (int at = 0; at < frame->count; at++) {
    const Component *component = frame->components + at;
    if (!tables[component->dc].codes.total || !tables[component->ac].codes.total) return DAMAGED;
  }
  scan->interval = restart > 0 ? restart : total;
  scan->intervals = (total + scan->interval - 1) / scan->interval;
  if ((uint64_t)scan->intervals > (scan->stop - scan->start) / 2 + 1) return DAMAGED;
  scan->edges = malloc(((size_t)scan->intervals + 1) * sizeof *scan->edges);
  return scan->edges ? find_edges(scan) : NO_MEMORY;
}

void scan_close(Scan *scan) {
  free(scan->edges);
  scan->edges = NULL;
}

Code cursor_open(Cursor *cursor, const Scan *scan, int64_t interval) {
  memset(cursor, 0, sizeof *cursor);
  cursor->scan = scan;
  cursor->at = interval * scan->interval;
  cursor->end = cursor->at + scan->interval;
  if (cursor->end > frame_total(scan->frame)) cursor->end = frame_total(scan->frame);
  Code code = plain_open(&cursor->plain, scan->data + scan->edges[interval],
                         scan->data + scan->edges[interval + 1] - 2);
  cursor->reader.at = cursor->limit = cursor->plain.data;
  return code;
}

void cursor_close(Cursor *cursor) { plain_close(&cursor->plain); }

/* Have the bytes of an MCU. */
static Code have_unit(Cursor *cursor) {
  Plain *plain = &cursor->plain;
  Code code = plain_reach(plain, cursor->reader.at);
  size_t more = plain->from < plain->to ? 0 : 2 * UNIT_BYTES;
  if (!code) cursor->limit = plain->data + plain->size + more - UNIT_BYTES;
  return code;
}

/* Whether bits were used that the file does not hold. */
static Code within(const Cursor *cursor) {
  return cursor_position(cursor) > 8 * (uint64_t)cursor->plain.size ? DAMAGED : DONE;
}

/* Pass a DC difference, all of it at once if it is in view. A refill does for any two symbols, a DC
   difference with its 27 bits and an AC coefficient with its 26. 0 if the data are damaged. */
static inline int pass_dc(Reader *reader, const Table *table, uint32_t *sum) {
  unsigned leap = table->leap[reader->bits >> (64 - LEAP)], size = 0;
  if (leap) {
    reader_drop(reader, LEAP_DC_BITS(leap));
    *sum += (uint32_t)LEAP_DC_VALUE(leap);
    return 1;
  }
  int width = symbol_of(reader->bits, table, &size);
  if (width < 0 || width > MAX_DC) return 0;
  *sum += (uint32_t)value_of(reader->bits << size, width);
  reader_drop(reader, size + (unsigned)width);
  return 1;
}

/* Pass some of a block's AC symbols; 0 if the data are damaged, else the places now filled. */
static inline unsigned pass_ac(Reader *reader, const Table *table, unsigned places) {
  unsigned leap = table->leap[reader->bits >> (64 - LEAP)], size = 0;
  unsigned after = places + LEAP_PLACES(leap);
  if (leap && !(after & LEAP_MISFIT)) {
    reader_drop(reader, LEAP_BITS(leap));
    return after;
  }
  int symbol = symbol_of(reader->bits, table, &size);
  if (symbol != EOB && !is_ac(symbol)) return 0;
  reader_drop(reader, size + (unsigned)(symbol & 15));
  if (symbol == EOB) return LEAP_END;
  places += (unsigned)(symbol >> 4) + 1;
  return places > LAST_AC ? 0 : places;
}

/* Pass the AC codes of a block; right behind a DC difference. 0 if the data are damaged. */
static inline int skip_ac(Reader *reader, const Table *table) {
  unsigned places = pass_ac(reader, table, 0);
  while (places - 1 < LAST_AC - 1) { /* neither damaged nor done */
    reader_refill(reader);
    places = pass_ac(reader, table, places);
    if (places - 1 >= LAST_AC - 1) break;
    places = pass_ac(reader, table, places);
  }
  return places > 0;
}

Code cursor_skip(Cursor *cursor, int64_t until) {
  const Frame *frame = cursor->scan->frame;
  const Table *dc[MAX_BLOCKS], *ac[MAX_BLOCKS];
  Reader reader = cursor->reader; /* a copy can live in registers */
  if (cursor->at >= until) return DONE;
  for (int block = 0; block < frame->blocks; block++) {
    dc[block] = cursor->scan->tables + frame->components[frame->owner[block]].dc;
    ac[block] = cursor->scan->tables + frame->components[frame->owner[block]].ac;
  }
  for (; cursor->at < until; cursor->at++) {
    if (reader.at >= cursor->limit) {
      cursor->reader = reader;
      Code code = have_unit(cursor);
      if (code) return code;
    }
    for (int block = 0; block < frame->blocks; block++) {
      reader_refill(&reader);
      if (!pass_dc(&reader, dc[block], cursor->dc + frame->owner[block])) return DAMAGED;
      if (!skip_ac(&reader, ac[block])) return DAMAGED;
    }
  }
  cursor->reader = reader;
  return within(cursor);
}

/* Read an AC symbol that is not in the view of a pick; where the block then goes on, 0 if the data
   are damaged. */
static unsigned read_slowly(Reader *reader, const Table *table, unsigned place, int16_t *block) {
  unsigned size = 0;
  int symbol = symbol_of(reader->bits, table, &size), width = symbol & 15;
  if (symbol == EOB) {
    reader_drop(reader, size);
    return place + PICK_END;
  }
  if (!is_ac(symbol)) return 0;
  place += (unsigned)(symbol >> 4);
  if (place > LAST_AC) return 0;
  block[place] = (int16_t)value_of(reader->bits << size, width);
  reader_drop(reader, size + (unsigned)width);
  return place + 1;
}

/* Read the AC coefficients of a block. 0 if the data are damaged. */
static inline int read_ac(Reader *reader, const Table *table, int16_t *block) {
  for (unsigned place = 1; place <= LAST_AC;) {
    reader_refill(reader);
    unsigned pick = table->pick[reader->bits >> (64 - LOOK)];
    if (!pick) {
      place = read_slowly(reader, table, place, block);
      if (!place) return 0;
      continue;
    }
    reader_drop(reader, PICK_BITS(pick));
    place += PICK_PLACES(pick);
    if (place > LAST_AC + 1) return PICK_PLACES(pick) == PICK_END;
    block[place - 1] = PICK_VALUE(pick);
  }
  return 1;
}

Code cursor_read(Cursor *cursor, const uint8_t *wanted, int16_t (*blocks)[64], Span *spans) {
  const Scan *scan = cursor->scan;
  Code code = cursor->reader.at >= cursor->limit ? have_unit(cursor) : DONE;
  Reader reader = cursor->reader; /* a copy can live in registers */
  if (code) return code;
  for (int block = 0; block < scan->frame->blocks; block++) {
    int owner = scan->frame->owner[block], done;
    const Component *component = scan->frame->components + owner;
    const Table *ac = scan->tables + component->ac;
    reader_refill(&reader);
    if (!pass_dc(&reader, scan->tables + component->dc, cursor->dc + owner)) return DAMAGED;
    if (cursor->dc[owner] + 2048 > 4095) return DAMAGED; /* no picture of 8 bits has such a block */
    memset(blocks[block], 0, sizeof *blocks);
    blocks[block][0] = (int16_t)(int32_t)cursor->dc[owner];
    if (wanted[block]) {
      done = read_ac(&reader, ac, blocks[block]);
    } else {
      spans[block].from = reader_position(&reader, &cursor->plain);
      done = skip_ac(&reader, ac);
      spans[block].to = reader_position(&reader, &cursor->plain);
    }
    if (!done) return DAMAGED;
  }
  cursor->at++;
  cursor->reader = reader;
  return within(cursor);
}

Code cursor_finish(Cursor *cursor) {
  Code code = plain_finish(&cursor->plain);
  if (code) return code;
  return 8 * (uint64_t)cursor->plain.size - cursor_position(cursor) < 8 ? DONE : DAMAGED;
}

Code cursor_spare(const Cursor *cursor) {
  const Scan *scan = cursor->scan;
  uint64_t least = 0; /* bits of an MCU: its shortest codes */
  for (int block = 0; block < scan->frame->blocks; block++) {
    const Component *component = scan->frame->components + scan->frame->owner[block];
    for (int each = 0; each < 2; each++) {
      const uint8_t *counts = scan->tables[each ? component->ac : component->dc].codes.counts;
      for (least++, counts++; !*counts; counts++) least++;
    }
  }
  uint64_t left = (uint64_t)(cursor->plain.to - cursor->plain.from) + cursor->plain.size;
  return 8 * left - cursor_position(cursor) < least * (uint64_t)(cursor->end - cursor->at) ? DAMAGED
                                                                                         : DONE;
}
