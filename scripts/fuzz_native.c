/* Mutates scans and lays plates on them, under sanitizers; see fuzz_native.py, which builds and
   feeds it. Beside being clean, what comes out is judged: every coefficient that the plate does not
   reach must be what it was, and all of the new scan must be readable where the old one was. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "splice.h"

enum { FIXED = 4 * 4 + 16 + TABLES * TABLE_BYTES + 4 * 128, MOST_PIXELS = 1 << 16 };

static uint64_t state = 88172645463325252u;

static uint32_t chance(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 11) % below;
}

typedef struct {
  int32_t frame[4]; /* width, height, restart, components */
  uint8_t components[16];
  uint8_t huffman[TABLES * TABLE_BYTES];
  uint16_t steps[4 * 64];
} Fixed;

static long counts[8];
enum { INPUTS, SPLICED, CROPPED, JUDGED, GROWN, REFUSED };

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  abort();
}

/* All coefficients of a scan, or 0 if it cannot be read through. */
static int read_all(const Scan *scan, int16_t (*blocks)[64]) {
  for (int64_t interval = 0; interval < scan->intervals; interval++) {
    Cursor cursor;
    Code code = cursor_open(&cursor, scan, interval);
    while (!code && cursor.at < cursor.end)
      code = cursor_read(&cursor, blocks + cursor.at * scan->blocks);
    if (!code) code = cursor_finish(&cursor);
    cursor_close(&cursor);
    if (code) return 0;
  }
  return 1;
}

static int16_t (*room_for(const Scan *scan))[64] {
  size_t blocks = (size_t)scan_total(scan) * (size_t)scan->blocks;
  return blocks > 40000 ? NULL : calloc(blocks, 128);
}

static int reached(const Scan *scan, const Plate *plate, int64_t unit, int block) {
  int owner = scan->owner[block], first = 0;
  const Component *component = scan->components + owner;
  for (int before = 0; before < owner; before++)
    first += scan->components[before].across * scan->components[before].down;
  int wide = 8 * component->wide, high = 8 * component->high, each = block - first;
  int x = (int)(unit % scan->across) * scan->unit_wide + each % component->across * wide;
  int y = (int)(unit / scan->across) * scan->unit_high + each / component->across * high;
  int right = plate->x + plate->width, bottom = plate->y + plate->height;
  if (right >= scan->width) right = 1 << 20;
  if (bottom >= scan->height) bottom = 1 << 20;
  return x < right && x + wide > plate->x && y < bottom && y + high > plate->y;
}

static void judge(const Scan *scan, const Header *header, const Splice *splice, const Plate *plate,
                  int16_t (*old)[64]) {
  size_t size = header->stop - header->start - (splice->to - splice->from) + splice->coded.size;
  uint8_t *data = malloc(size + 1), records[TABLES * TABLE_BYTES];
  int16_t(*now)[64] = room_for(scan);
  Header after = *header;
  Scan again;
  memcpy(data, header->data + header->start, splice->from - header->start);
  memcpy(data + (splice->from - header->start), splice->coded.data, splice->coded.size);
  memcpy(data + (splice->from - header->start) + splice->coded.size, header->data + splice->to,
         header->stop - splice->to);
  memcpy(records, header->huffman, sizeof records);
  for (int table = 0; table < TABLES; table++)
    if (scan->tables[table].total) table_record(scan->tables + table, records + TABLE_BYTES * table);
  after.data = data, after.start = 0, after.stop = size, after.huffman = records;
  if (scan_open(&again, &after)) fail("the new scan does not open");
  if (!read_all(&again, now)) fail("the new scan cannot be read");
  for (int64_t at = 0; at < scan_total(scan) * scan->blocks; at++)
    if (memcmp(old[at], now[at], 128) && !reached(scan, plate, at / scan->blocks, at % scan->blocks))
      fail("a block changed that the plate does not reach");
  counts[JUDGED]++;
  scan_close(&again);
  free(now);
  free(data);
}

static void paint(uint8_t *pixels, const Plate *plate) {
  size_t size = (size_t)plate->width * (size_t)plate->height * (size_t)plate->channels;
  uint32_t style = chance(3);
  for (size_t at = 0; at < size; at++)
    pixels[at] = style == 0 ? 17 : style == 1 ? (uint8_t)chance(256) : (at / 9 % 7 ? 0 : 255);
}

static void try_plate(const Header *header, const Fixed *fixed) {
  Scan scan = {0};
  Splice splice = {0};
  Plate plate = {0};
  int32_t colours[4 * 5];
  Code code = scan_open(&scan, header);
  plate.x = (int)chance((uint32_t)header->width), plate.y = (int)chance((uint32_t)header->height);
  plate.width = 1 + (int)chance((uint32_t)(header->width - plate.x));
  plate.height = 1 + (int)chance((uint32_t)(header->height - plate.y));
  if (plate.width > 400) plate.width = 400;
  if (plate.height > 100) plate.height = 100;
  plate.channels = 1 + (int)chance(4);
  for (int at = 0; at < 20; at++) colours[at] = (int32_t)chance(2 * COLOUR_ONE + 1) - COLOUR_ONE;
  uint8_t *pixels = malloc((size_t)(plate.width * plate.height * plate.channels));
  paint(pixels, &plate);
  plate.pixels = pixels, plate.colours = colours, plate.steps = fixed->steps;
  if (!code) {
    int16_t(*old)[64] = room_for(&scan);
    int whole = old && read_all(&scan, old);
    code = splice_plate(&splice, &scan, &plate);
    if (code) {
      counts[REFUSED] += whole;
    } else {
      counts[SPLICED]++;
      counts[GROWN] += splice.grown;
      if (splice.from > splice.to || splice.from < header->start || splice.to > header->stop)
        fail("the splice leaves the scan");
      if (whole) judge(&scan, header, &splice, &plate, old);
    }
    free(old);
  }
  free(pixels);
  splice_clear(&splice);
  scan_close(&scan);
}

static void try_crop(const Header *header) {
  Scan scan = {0};
  Splice splice = {0};
  Code code = scan_open(&scan, header);
  if (!code && scan_total(&scan) < MOST_PIXELS) {
    int left = (int)chance((uint32_t)scan.across), top = (int)chance((uint32_t)scan.down);
    int right = left + 1 + (int)chance((uint32_t)(scan.across - left));
    int bottom = top + 1 + (int)chance((uint32_t)(scan.down - top));
    counts[CROPPED] += !splice_crop(&splice, &scan, left, top, right, bottom);
  }
  splice_clear(&splice);
  scan_close(&scan);
}

static void mutate_fixed(Fixed *fixed) {
  uint8_t *bytes;
  switch (chance(4)) {
    case 0:
      fixed->frame[chance(3)] = (int32_t)(chance(2) ? chance(300) : chance(65536));
      break;
    case 1:
      fixed->components[chance(16)] = (uint8_t)chance(chance(8) ? 5 : 256);
      break;
    case 2:
      bytes = fixed->huffman + TABLE_BYTES * chance(TABLES);
      bytes[chance(chance(2) ? 16 : TABLE_BYTES)] = (uint8_t)chance(chance(2) ? 4 : 256);
      break;
    default:
      fixed->steps[chance(256)] = (uint16_t)(1 + chance(chance(2) ? 255 : 65535));
  }
}

static size_t mutate_scan(uint8_t *scan, size_t size) {
  for (uint32_t many = chance(8); many && size; many--) {
    uint32_t at = chance((uint32_t)size);
    if (chance(3))
      scan[at] ^= (uint8_t)(1u << chance(8));
    else
      scan[at] = chance(2) ? 0xFF : (uint8_t)chance(256);
    if (!chance(20)) size = at;
  }
  return size;
}

static void try_once(const Fixed *original, const uint8_t *scan, size_t size) {
  Fixed fixed = *original;
  uint8_t *copy = malloc(size + 1);
  memcpy(copy, scan, size);
  uint32_t style = chance(4); /* untouched, the scan, the header, both */
  if (style & 1) size = mutate_scan(copy, size);
  if (style & 2)
    for (uint32_t many = 1 + chance(3); many; many--) mutate_fixed(&fixed);
  uint8_t *exact = malloc(size ? size : 1); /* so that one byte too many is seen */
  memcpy(exact, copy, size);
  free(copy);
  Header header = {.data = exact, .start = 0, .stop = size};
  header.width = fixed.frame[0], header.height = fixed.frame[1], header.restart = fixed.frame[2];
  header.count = fixed.frame[3], header.components = fixed.components;
  header.huffman = fixed.huffman;
  counts[INPUTS]++;
  if (header.width > 0 && header.height > 0) {
    try_plate(&header, &fixed);
    try_crop(&header);
  }
  free(exact);
}

int main(int argc, char **argv) {
  long each = argc > 2 ? atol(argv[1]) : 0;
  state ^= argc > 2 ? strtoull(argv[2], NULL, 10) * 0x9E3779B97F4A7C15u : 0;
  for (int at = 3; at < argc; at++) {
    static Fixed fixed;
    static uint8_t scan[1 << 20];
    FILE *file = fopen(argv[at], "rb");
    if (!file || fread(&fixed, 1, sizeof fixed, file) != FIXED) return 2;
    size_t size = fread(scan, 1, sizeof scan, file);
    fclose(file);
    for (long input = 0; input < each; input++) try_once(&fixed, scan, size);
  }
  printf("%ld inputs: %ld spliced (%ld with new codes), %ld judged, %ld refused though whole, "
         "%ld cropped\n",
         counts[INPUTS], counts[SPLICED], counts[GROWN], counts[JUDGED], counts[REFUSED],
         counts[CROPPED]);
  return 0;
}
