/* Mutates scans and lays plates on them, and decodes parts of them, under sanitizers; see
   fuzz_native.py, which builds and feeds it. Beside being clean, what comes out is judged: of a scan
   that can be read through, all of the new one must be, coefficients that the plate does not reach
   must be what they were, and those under it what the stencil says; a part must be the same whether
   it is decoded alone or within all of the picture. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "region.h"
#include "splice.h"

/* The samples of machines without vectors, beside those of this one. */
#define KZMARK_NO_VECTORS 1
#define samples_of samples_without_vectors
#include "samples.c"
#undef samples_of
void samples_of(const int16_t *block, const uint16_t *steps, uint8_t *out, size_t stride);

enum {
  PARTS = MAX_COMPONENTS * COMPONENT_BYTES,
  FIXED = 4 * 4 + PARTS + TABLES * TABLE_BYTES,
  MOST_BLOCKS = 40000,
  MOST_PIXELS = 1 << 17,
  MOST_RIPPLES = 14 /* blocks of an interval that make up for a few bits */
};

static uint64_t state = 88172645463325252u;

static uint32_t chance(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 11) % below;
}

typedef struct {
  int32_t frame[4]; /* width, height, restart, components */
  uint8_t parts[PARTS];
  uint8_t huffman[TABLES * TABLE_BYTES];
} Fixed;

/* A scan as the core is given it. */
typedef struct {
  const Fixed *fixed;
  const uint8_t *data;
  size_t size;
  Frame frame;
  Table *tables;
} Input;

static long counts[8];
enum { INPUTS, SPLICED, GROWN, JUDGED, EXACT, REFUSED, PARTS_SEEN, PARTS_JUDGED };

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  abort();
}

static Scan scan_over(const uint8_t *data, size_t size) {
  return (Scan){.data = data, .start = 0, .stop = size};
}

/* All coefficients of a scan, or NULL if it cannot be read through. */
static int16_t (*read_all(const Scan *scan))[64] {
  size_t blocks = (size_t)frame_total(scan->frame) * (size_t)scan->frame->blocks;
  uint8_t wanted[MAX_BLOCKS];
  memset(wanted, 1, sizeof wanted);
  int16_t(*all)[64] = blocks > MOST_BLOCKS ? NULL : calloc(blocks, sizeof *all);
  for (int64_t interval = 0; all && interval < scan->intervals; interval++) {
    Cursor cursor;
    Code code = cursor_open(&cursor, scan, interval);
    while (!code && cursor.at < cursor.end)
      code = cursor_read(&cursor, wanted, all + cursor.at * scan->frame->blocks, NULL);
    if (!code) code = cursor_finish(&cursor);
    cursor_close(&cursor);
    if (!code) continue;
    free(all);
    return NULL;
  }
  return all;
}

/* Whether a block that the stencil gives is there, or stands there with ripples: then 2. */
static int stands(const int16_t *now, const int16_t *wanted) {
  int ripples = 0;
  for (int at = 0; at < 64; at++) {
    if (now[at] == wanted[at]) continue;
    if (!at || wanted[at] || now[at] != 1 || ripples++) return 0;
  }
  return ripples ? 2 : 1;
}

static void judge_unit(const Stencil *stencil, int64_t unit, int16_t (*old)[64], int16_t (*now)[64],
                       int exact, long *ripples) {
  const Frame *frame = &stencil->frame;
  int row = (int)(unit / frame->across), column = (int)(unit % frame->across);
  int16_t wanted[MAX_BLOCKS][64];
  uint8_t kinds[MAX_BLOCKS];
  int reached = row >= stencil->top && row < stencil->bottom && column >= stencil->left &&
                column < stencil->right;
  memcpy(wanted, old, (size_t)frame->blocks * sizeof *wanted);
  if (reached) stencil_paint(stencil, unit, wanted, kinds);
  for (int block = 0; block < frame->blocks; block++) {
    int kept = !reached || kinds[block] == KEPT;
    if (kept && memcmp(old[block], now[block], sizeof *old))
      fail("a block changed that the plate does not reach");
    if (kept || !exact) continue;
    int found = stands(now[block], wanted[block]);
    if (!found) fail("a block is not what the stencil says");
    *ripples += found > 1;
  }
}

static void judge(const Input *input, const Splice *splice, const Stencil *stencil,
                  const Scan *before, int16_t (*old)[64]) {
  size_t size = input->size - (splice->to - splice->from) + splice->coded.size;
  uint8_t *data = malloc(size + 1), records[TABLES * TABLE_BYTES];
  Table *tables = malloc(TABLES * sizeof *tables);
  int exact = 1;
  long ripples = 0;
  memcpy(data, input->data, splice->from);
  memcpy(data + splice->from, splice->coded.data, splice->coded.size);
  memcpy(data + splice->from + splice->coded.size, input->data + splice->to,
         input->size - splice->to);
  memcpy(records, input->fixed->huffman, sizeof records);
  for (int table = 0; table < TABLES; table++) {
    const Codes *codes = splice->codes + table;
    if (codes->total) codes_record(codes, records + TABLE_BYTES * table);
    if (table >= AC_TABLES && !codes->free) exact = 0; /* blocks may be spelt with what there is */
  }
  tables_build(tables, records);
  Scan scan = scan_over(data, size);
  if (scan_open(&scan, &input->frame, tables, input->fixed->frame[2])) fail("no scan any more");
  int16_t(*now)[64] = read_all(&scan);
  if (!now) fail("the new scan cannot be read");
  for (int64_t unit = 0; unit < frame_total(&input->frame); unit++)
    judge_unit(stencil, unit, old + unit * input->frame.blocks, now + unit * input->frame.blocks,
               exact, &ripples);
  if (ripples > MOST_RIPPLES * before->intervals) fail("too many ripples");
  counts[JUDGED]++;
  counts[EXACT] += exact;
  scan_close(&scan);
  free(tables);
  free(now);
  free(data);
}

static void paint(uint8_t *pixels, const Plate *plate) {
  size_t size = (size_t)plate->width * (size_t)plate->height * (size_t)plate->channels;
  uint32_t style = chance(3);
  for (size_t at = 0; at < size; at++)
    pixels[at] = style == 0 ? 17 : style == 1 ? (uint8_t)chance(256) : (at / 9 % 7 ? 0 : 255);
}

/* Lay a stencil down, and judge what becomes of a scan that was whole. */
static void try_stencil(const Input *input, const Stencil *stencil) {
  Runs runs = {0};
  Splice *splice = calloc(1, sizeof *splice);
  Scan scan = scan_over(input->data, input->size);
  Code code = chance(4) ? runs_make(&runs, stencil, input->tables) : DONE;
  if (!code) code = scan_open(&scan, &stencil->frame, input->tables, input->fixed->frame[2]);
  if (!code) {
    int16_t(*old)[64] = read_all(&scan);
    code = splice_plate(splice, &scan, stencil, &runs);
    if (code) {
      counts[REFUSED] += old != NULL;
    } else {
      counts[SPLICED]++;
      counts[GROWN] += splice->grown;
      if (splice->from > splice->to || splice->to > input->size) fail("the splice leaves the scan");
      if (old) judge(input, splice, stencil, &scan, old);
    }
    free(old);
  }
  scan_close(&scan);
  runs_clear(&runs);
  splice_clear(splice);
  free(splice);
}

static void try_plate(const Input *input) {
  Stencil stencil = {.frame = input->frame};
  Plate plate = {0};
  int32_t colours[4 * 5];
  plate.x = (int)chance((uint32_t)input->frame.width);
  plate.y = (int)chance((uint32_t)input->frame.height);
  plate.width = 1 + (int)chance((uint32_t)(input->frame.width - plate.x));
  plate.height = 1 + (int)chance((uint32_t)(input->frame.height - plate.y));
  if (plate.width > 160) plate.width = 160;
  if (plate.height > 64) plate.height = 64;
  plate.channels = 1 + (int)chance(4);
  for (int at = 0; at < 20; at++) colours[at] = (int32_t)chance(2 * COLOUR_ONE + 1) - COLOUR_ONE;
  uint8_t *pixels = malloc((size_t)(plate.width * plate.height * plate.channels));
  paint(pixels, &plate);
  plate.pixels = pixels, plate.colours = colours;
  if (!stencil_make(&stencil, &plate)) try_stencil(input, &stencil);
  free(pixels);
  stencil_clear(&stencil);
}

static uint8_t *decode(const Input *input, const Region *region) {
  size_t count = (size_t)input->frame.count;
  uint8_t *out = malloc((size_t)region->width * (size_t)region->height * count);
  Scan scan = scan_over(input->data, input->size);
  Code code = scan_open(&scan, &input->frame, input->tables, input->fixed->frame[2]);
  if (!code) code = region_decode(region, &scan, out);
  scan_close(&scan);
  if (!code) return out;
  free(out);
  return NULL;
}

static void try_region(const Input *input) {
  const Frame *frame = &input->frame;
  size_t count = (size_t)frame->count;
  int by = chance(2) ? 1 : 1 << (1 + chance(3));
  Region whole = {.width = region_side(frame->width, by),
                  .height = region_side(frame->height, by), .by = by};
  Region part = {.by = by};
  if (frame->count >= 3 && chance(4)) whole.model = frame->count == 3 ? FROM_YCC : FROM_YCCK;
  part.model = whole.model;
  part.x = (int)chance((uint32_t)whole.width), part.y = (int)chance((uint32_t)whole.height);
  part.width = 1 + (int)chance((uint32_t)(whole.width - part.x));
  part.height = 1 + (int)chance((uint32_t)(whole.height - part.y));
  if (chance(4) && part.height > 40) part.height = 40;
  if ((int64_t)part.width * part.height > MOST_PIXELS) return;
  uint8_t *seen = decode(input, &part), *all = NULL;
  counts[PARTS_SEEN] += seen != NULL;
  if (seen && !chance(3) && (int64_t)frame->width * frame->height <= MOST_PIXELS)
    all = decode(input, &whole);
  for (int y = 0; all && y < part.height; y++) {
    size_t stride = (size_t)whole.width * count, wide = (size_t)part.width * count;
    size_t first = (size_t)(part.y + y) * stride + (size_t)part.x * count;
    if (memcmp(seen + (size_t)y * wide, all + first, wide)) fail("a part shows other pixels");
  }
  counts[PARTS_JUDGED] += all != NULL;
  free(seen);
  free(all);
}

static void mutate_fixed(Fixed *fixed) {
  uint8_t *bytes;
  switch (chance(4)) {
    case 0:
      fixed->frame[chance(3)] = (int32_t)(chance(2) ? chance(300) : chance(65536));
      break;
    case 1:
      fixed->parts[COMPONENT_BYTES * chance(4) + chance(4)] = (uint8_t)chance(chance(8) ? 5 : 256);
      break;
    case 2:
      bytes = fixed->huffman + TABLE_BYTES * chance(TABLES);
      bytes[chance(chance(2) ? 16 : TABLE_BYTES)] = (uint8_t)chance(chance(2) ? 4 : 256);
      break;
    default:
      fixed->parts[COMPONENT_BYTES * chance(4) + 4 + chance(128)] = (uint8_t)chance(256);
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

static void try_samples(const Frame *frame) {
  int16_t block[64] = {0};
  uint16_t steps[64];
  uint8_t one[64], other[64];
  for (int at = 0; at < 64; at++) steps[NATURAL[at]] = frame->components[0].steps[at];
  for (uint32_t many = chance(20); many; many--)
    block[chance(64)] = (int16_t)(((int)chance(2048) - 1024) / (1 << chance(11)));
  samples_of(block, steps, one, 8);
  samples_without_vectors(block, steps, other, 8);
  if (memcmp(one, other, sizeof one)) fail("vectors give other samples");
}

static void try_all(Input *input) {
  const int32_t *frame = input->fixed->frame;
  if (frame[0] < 1 || frame[1] < 1 || frame[2] < 0) return; /* the door lets none of these in */
  if (frame_lay_out(&input->frame, frame[0], frame[1], input->fixed->parts, frame[3])) return;
  input->tables = malloc(TABLES * sizeof *input->tables);
  tables_build(input->tables, input->fixed->huffman);
  try_plate(input);
  try_region(input);
  try_samples(&input->frame);
  free(input->tables);
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
  counts[INPUTS]++;
  size_t end = scan_end(exact, 0, size);
  if (end > size || (end < size && exact[end] != 0xFF)) fail("a scan that ends at no marker");
  try_all(&(Input){.fixed = &fixed, .data = exact, .size = size});
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
  printf("%ld inputs: %ld spliced (%ld with new codes), %ld judged (%ld to the coefficient), "
         "%ld refused though whole; %ld parts decoded, %ld compared\n",
         counts[INPUTS], counts[SPLICED], counts[GROWN], counts[JUDGED], counts[EXACT],
         counts[REFUSED], counts[PARTS_SEEN], counts[PARTS_JUDGED]);
  return 0;
}
