#include "pngrows.h"

#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__
#include <emmintrin.h>
#endif

static inline int paeth(int a, int b, int c) {
  int to_a = abs(b - c), to_b = abs(a - c), to_c = abs(a + b - 2 * c);
  int nearest = to_b <= to_c ? b : c;
  return to_a <= to_b && to_a <= to_c ? a : nearest;
}

static inline void undo_sub(uint8_t *row, size_t width, size_t unit) {
  for (size_t at = unit; at < width; at++) row[at] = (uint8_t)(row[at] + row[at - unit]);
}

static inline void undo_average(uint8_t *row, const uint8_t *above, size_t width, size_t unit) {
  size_t start = unit < width ? unit : width;
  for (size_t at = 0; at < start; at++) row[at] = (uint8_t)(row[at] + above[at] / 2);
  for (size_t at = start; at < width; at++)
    row[at] = (uint8_t)(row[at] + (row[at - unit] + above[at]) / 2);
}

static inline void undo_paeth(uint8_t *row, const uint8_t *above, size_t from, size_t width,
                              size_t unit) {
  for (size_t at = from; at < width; at++) {
    int left = at >= unit ? row[at - unit] : 0, corner = at >= unit ? above[at - unit] : 0;
    row[at] = (uint8_t)(row[at] + paeth(left, above[at], corner));
  }
}

#ifdef __x86_64__

static inline __m128i wide_load(const uint8_t *from, size_t bytes) {
  uint64_t pixel = 0;
  memcpy(&pixel, from, bytes);
  return _mm_unpacklo_epi8(_mm_cvtsi64_si128((int64_t)pixel), _mm_setzero_si128());
}

static inline __m128i magnitude(__m128i value) {
  return _mm_max_epi16(value, _mm_sub_epi16(_mm_setzero_si128(), value));
}

static inline __m128i choose(__m128i mask, __m128i yes, __m128i no) {
  return _mm_or_si128(_mm_and_si128(mask, yes), _mm_andnot_si128(mask, no));
}

/* A whole pixel at a time; says how far it came. `load` bytes are read and `unit` written. */
static inline size_t paeth_pixels(uint8_t *row, const uint8_t *above, size_t width, size_t unit,
                                  size_t load) {
  __m128i left = _mm_setzero_si128(), corner = left;
  size_t at = 0;
  for (; at + load <= width; at += unit) {
    __m128i over = wide_load(above + at, load), pixel = wide_load(row + at, load);
    __m128i to_a = _mm_sub_epi16(over, corner), to_b = _mm_sub_epi16(left, corner);
    __m128i to_c = magnitude(_mm_add_epi16(to_a, to_b));
    to_a = magnitude(to_a), to_b = magnitude(to_b);
    __m128i least = _mm_min_epi16(to_c, _mm_min_epi16(to_a, to_b));
    __m128i nearest = choose(_mm_cmpeq_epi16(least, to_b), over, corner);
    nearest = choose(_mm_cmpeq_epi16(least, to_a), left, nearest);
    corner = over;
    left = _mm_add_epi8(pixel, nearest);
    uint64_t plain = (uint64_t)_mm_cvtsi128_si64(_mm_packus_epi16(left, left));
    memcpy(row + at, &plain, unit);
  }
  return at;
}

#endif

static inline void undo_row(uint8_t *row, const uint8_t *above, size_t width, size_t unit,
                            int filter) {
  size_t done = 0;
  if (filter == FILTER_SUB) undo_sub(row, width, unit);
  if (filter == FILTER_AVERAGE) undo_average(row, above, width, unit);
  if (filter != FILTER_PAETH) return;
#ifdef __x86_64__
  if (unit >= 3) done = paeth_pixels(row, above, width, unit, unit == 3 ? 4 : unit == 6 ? 8 : unit);
#endif
  undo_paeth(row, above, done, width, unit);
}

Code row_undo(uint8_t *row, const uint8_t *above, size_t width, size_t unit, int filter) {
  if (filter > FILTER_PAETH) return DAMAGED;
  if (filter == FILTER_UP)
    for (size_t at = 0; at < width; at++) row[at] = (uint8_t)(row[at] + above[at]);
  switch (unit) { /* a constant for the compiler */
    case 1: undo_row(row, above, width, 1, filter); break;
    case 2: undo_row(row, above, width, 2, filter); break;
    case 3: undo_row(row, above, width, 3, filter); break;
    case 4: undo_row(row, above, width, 4, filter); break;
    case 6: undo_row(row, above, width, 6, filter); break;
    case 8: undo_row(row, above, width, 8, filter); break;
    default: return UNSUPPORTED;
  }
  return DONE;
}

void row_filter(uint8_t *to, const uint8_t *row, const uint8_t *above, size_t left, size_t right,
                size_t unit, int filter) {
  size_t at = left;
  for (; at < right && at < unit; at++) { /* there is nothing to the left */
    int over = filter == FILTER_UP || filter == FILTER_PAETH ? above[at] : 0;
    if (filter == FILTER_AVERAGE) over = above[at] / 2;
    to[at] = (uint8_t)(row[at] - over);
  }
  if (filter == FILTER_NONE && at < right) memcpy(to + at, row + at, right - at);
  if (filter == FILTER_SUB)
    for (; at < right; at++) to[at] = (uint8_t)(row[at] - row[at - unit]);
  if (filter == FILTER_UP)
    for (; at < right; at++) to[at] = (uint8_t)(row[at] - above[at]);
  if (filter == FILTER_AVERAGE)
    for (; at < right; at++) to[at] = (uint8_t)(row[at] - (row[at - unit] + above[at]) / 2);
  if (filter != FILTER_PAETH) return;
  for (; at < right; at++) { /* in 16 bits, so that many go at once */
    int16_t a = row[at - unit], b = above[at], c = above[at - unit];
    int16_t to_a = (int16_t)(b - c), to_b = (int16_t)(a - c), to_c = (int16_t)(to_a + to_b);
    to_a = (int16_t)(to_a < 0 ? -to_a : to_a);
    to_b = (int16_t)(to_b < 0 ? -to_b : to_b);
    to_c = (int16_t)(to_c < 0 ? -to_c : to_c);
    int16_t other = to_b <= to_c ? b : c;
    int16_t nearest = (to_a <= to_b) & (to_a <= to_c) ? a : other;
    to[at] = (uint8_t)(row[at] - nearest);
  }
}

Code rows_undo(uint8_t *to, const uint8_t *raw, const Shape *shape, size_t first, size_t last,
               size_t width) {
  size_t stride = shape->width + 1, start = first;
  while (start && raw[start * stride] >= FILTER_UP) start--; /* rows above do not matter */
  uint8_t *spare = calloc(2, width + 1), *above = spare;
  if (!spare) return NO_MEMORY;
  Code code = DONE;
  for (size_t at = start; at < last && !code; at++) {
    uint8_t *row = at >= first ? to + (at - first) * width : above == spare ? spare + width : spare;
    memcpy(row, raw + at * stride + 1, width);
    code = row_undo(row, above, width, shape->unit, raw[at * stride]);
    above = row;
  }
  free(spare);
  return code;
}
