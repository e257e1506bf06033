/* Mutates zlib streams and lays plates on them, under sanitizers; see fuzz_native_png.py, which
   builds and feeds it. Beside being clean, what comes out is judged: if the old stream was whole,
   the new one must be, with the plate's bytes under the plate and the old bytes everywhere else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pngsplice.h"

enum { MOST_PIECES = 40, MOST_RAW = 1 << 22 };

static uint64_t state = 88172645463325252u;

static uint32_t chance(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 11) % below;
}

static long counts[8];
enum { INPUTS, SPLICED, KEPT, JUDGED, REFUSED, READ };

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  abort();
}

/* All plain bytes of a stream that is whole, or null. */
static uint8_t *all_rows(const Data *data, const Shape *shape) {
  uint8_t *rows = malloc(shape->height * shape->width);
  if (!stream_rows(rows, data, shape, 0, shape->height, shape->width, 1)) return rows;
  free(rows);
  return NULL;
}

static uint8_t own_bits(const Ink *ink, size_t column) {
  uint8_t bits = 0xFF;
  if (column == ink->left) bits &= ink->first;
  if (column == ink->right - 1) bits &= ink->last;
  return bits;
}

static void compare(const uint8_t *old, const uint8_t *new, const Shape *shape, const Ink *ink) {
  for (size_t row = 0; row < shape->height; row++)
    for (size_t column = 0; column < shape->width; column++) {
      size_t at = row * shape->width + column, wide = ink->right - ink->left;
      int inside = row >= ink->top && row < ink->top + ink->rows && column >= ink->left &&
                   column < ink->right;
      uint8_t bits = inside ? own_bits(ink, column) : 0;
      uint8_t laid = inside ? ink->ink[(row - ink->top) * wide + column - ink->left] : 0;
      if (ink->full && inside) { /* the bits that fill up a row's last byte may become zero */
        if ((new[at] ^ laid) & bits) fail("a byte under the plate is not the plate's");
      } else if (new[at] != ((old[at] & ~bits) | (laid & bits))) {
        fail("a byte is neither the plate's nor what it was");
      }
    }
}

static void judge(const uint8_t *stream, size_t size, const Graft *graft, const uint8_t *old,
                  const Shape *shape, const Ink *ink) {
  size_t total = graft->from + graft->coded.size + (size - graft->to);
  uint8_t *joined = malloc(total), *end = joined + total;
  memcpy(joined, stream, graft->from);
  memcpy(joined + graft->from, graft->coded.data, graft->coded.size);
  memcpy(joined + graft->from + graft->coded.size, stream + graft->to, size - graft->to);
  for (int at = 1; at <= 4; at++) end[-at] = (uint8_t)(graft->adler >> (8 * at - 8));
  Piece whole = {0, (int64_t)total};
  Data data = {joined, &whole, 1};
  uint8_t *new = all_rows(&data, shape);
  if (!new) fail("the new stream is not whole");
  compare(old, new, shape, ink);
  counts[JUDGED]++;
  free(new);
  free(joined);
}

static Ink any_ink(const Shape *shape) {
  Ink ink = {.top = chance((uint32_t)shape->height), .left = chance((uint32_t)shape->width)};
  ink.rows = 1 + chance((uint32_t)(shape->height - ink.top));
  ink.right = ink.left + 1 + chance((uint32_t)(shape->width - ink.left));
  if (!chance(3)) ink.full = 1, ink.left = 0, ink.right = shape->width;
  if (chance(2) && ink.rows > 9) ink.rows = 9;
  if (chance(2)) ink.top /= 8;
  ink.indexed = (int)chance(2);
  ink.first = chance(3) || ink.full ? 0xFF : (uint8_t)(0xFF >> chance(8));
  ink.last = chance(3) ? 0xFF : (uint8_t)(0xFF << chance(8));
  size_t size = ink.rows * (ink.right - ink.left);
  uint8_t *bytes = malloc(size);
  uint32_t style = chance(3);
  for (size_t at = 0; at < size; at++)
    bytes[at] = style == 0 ? 17 : style == 1 ? (uint8_t)chance(256) : (at / 9 % 7 ? 0 : 255);
  ink.ink = bytes;
  return ink;
}

static void try_plate(const Data *data, const uint8_t *stream, size_t size, const Shape *shape) {
  Ink ink = any_ink(shape);
  Graft graft;
  uint8_t *old = all_rows(data, shape);
  Code code = graft_ink(&graft, data, shape, &ink);
  if (code) {
    counts[REFUSED] += old != NULL;
  } else {
    counts[SPLICED]++;
    counts[KEPT] += graft.to < size - 4;
    if (graft.from > graft.to || graft.to > size - 4) fail("the splice leaves the stream");
    if (old) judge(stream, size, &graft, old, shape, &ink);
  }
  graft_clear(&graft);
  free(old);
  free((void *)(uintptr_t)ink.ink);
}

static void try_rows(const Data *data, const Shape *shape) {
  size_t first = chance((uint32_t)shape->height), width = 1 + chance((uint32_t)shape->width);
  size_t last = first + 1 + chance((uint32_t)(shape->height - first));
  uint8_t *to = malloc((last - first) * width);
  counts[READ] += !stream_rows(to, data, shape, first, last, width, (int)chance(2));
  free(to);
}

/* Put the stream into a file, in pieces; the file has its very size, so that a byte too many is
   seen. */
static uint8_t *in_pieces(const uint8_t *stream, size_t size, Piece *pieces, size_t *count) {
  size_t wanted = chance(2) ? 1 : 1 + chance(MOST_PIECES - 1), made = 0, done = 0, at = 0;
  uint8_t *file = malloc(size + 3 * wanted + 1);
  for (; made < wanted && done < size; made++) {
    size_t length = made + 1 == wanted ? size - done : chance((uint32_t)(size - done) + 1);
    pieces[made] = (Piece){(int64_t)at, (int64_t)length};
    memcpy(file + at, stream + done, length);
    done += length;
    at += length + (done < size ? chance(3) : 0);
  }
  *count = made;
  if (done < size) pieces[0] = (Piece){0, 0}, *count = 1; /* a stream without bytes */
  uint8_t *exact = malloc(at ? at : 1);
  memcpy(exact, file, at);
  free(file);
  return exact;
}

static size_t mutate(uint8_t *stream, size_t size) {
  for (uint32_t many = 1 + chance(6); many && size; many--) {
    uint32_t at = chance(chance(3) ? (uint32_t)size : size < 200 ? (uint32_t)size : 200);
    switch (chance(6)) {
      case 0: stream[at] = (uint8_t)chance(256); break;
      case 1: stream[at] = chance(2) ? 0xFF : 0; break;
      case 2: memmove(stream + at, stream + at + 1, size - at - 1), size--; break;
      default: stream[at] ^= (uint8_t)(1u << chance(8));
    }
    if (!chance(20)) size = at;
  }
  return size;
}

static void try_once(const int32_t *sizes, const uint8_t *original, size_t size) {
  Shape shape = {(size_t)sizes[0], (size_t)sizes[1], (size_t)sizes[2]};
  Piece pieces[MOST_PIECES];
  size_t count;
  uint8_t *stream = malloc(size + 1);
  uint32_t style = chance(4); /* untouched, the stream, the shape, both */
  memcpy(stream, original, size);
  if (style & 1) size = mutate(stream, size);
  if (style & 2) {
    static const uint8_t units[] = {1, 2, 3, 4, 6, 8};
    shape.unit = units[chance(6)];
    if (chance(3)) shape.height = 1 + chance(300), shape.width = 1 + chance(900);
  }
  uint8_t *file = in_pieces(stream, size, pieces, &count);
  Data data = {file, pieces, count};
  counts[INPUTS]++;
  if (shape.height * (shape.width + 1) <= MOST_RAW) {
    try_plate(&data, stream, size, &shape);
    try_rows(&data, &shape);
  }
  free(file);
  free(stream);
}

int main(int argc, char **argv) {
  long each = argc > 2 ? atol(argv[1]) : 0;
  state ^= argc > 2 ? strtoull(argv[2], NULL, 10) * 0x9E3779B97F4A7C15u : 0;
  for (int at = 3; at < argc; at++) {
    static uint8_t stream[1 << 20];
    int32_t sizes[3];
    FILE *file = fopen(argv[at], "rb");
    if (!file || fread(sizes, 1, sizeof sizes, file) != sizeof sizes) return 2;
    size_t size = fread(stream, 1, sizeof stream, file);
    fclose(file);
    for (long input = 0; input < each; input++) try_once(sizes, stream, size);
  }
  printf("%ld inputs: %ld spliced (%ld with a tail unread), %ld judged, %ld refused though whole, "
         "%ld read\n",
         counts[INPUTS], counts[SPLICED], counts[KEPT], counts[JUDGED], counts[REFUSED],
         counts[READ]);
  return 0;
}
