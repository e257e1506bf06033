#include "plate.h"

#include <string.h>

/* Place in zigzag order → row * 8 + column (T.81, figure A.6). */
static const uint8_t NATURAL[64] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

/* BASIS[u][x] = c(u) / 2 * cos((2x + 1) u pi / 16), c(0) = sqrt(1/2), else 1 (T.81, A.3.3). */
#define C0 0.35355339f
#define C1 0.49039264f
#define C2 0.46193977f
#define C3 0.41573481f
#define C4 0.35355339f
#define C5 0.27778512f
#define C6 0.19134172f
#define C7 0.09754516f
static const float BASIS[8][8] = {
    {C0, C0, C0, C0, C0, C0, C0, C0},     {C1, C3, C5, C7, -C7, -C5, -C3, -C1},
    {C2, C6, -C6, -C2, -C2, -C6, C6, C2}, {C3, -C7, -C1, -C5, C5, C1, C7, -C3},
    {C4, -C4, -C4, C4, C4, -C4, -C4, C4}, {C5, -C1, C7, C3, -C3, -C7, C1, -C5},
    {C6, -C2, C2, -C6, -C6, C2, -C2, C6}, {C7, -C5, C3, -C1, C1, -C3, C5, -C7}};
static const float TURNED[8][8] = { /* the same, rows for columns */
    {C0, C1, C2, C3, C4, C5, C6, C7},       {C0, C3, C6, -C7, -C4, -C1, -C2, -C5},
    {C0, C5, -C6, -C1, -C4, C7, C2, C3},    {C0, C7, -C2, -C5, C4, C3, -C6, -C1},
    {C0, -C7, -C2, C5, C4, -C3, -C6, C1},   {C0, -C5, -C6, C1, -C4, -C7, C2, -C3},
    {C0, -C3, C6, C7, -C4, C1, -C2, C5},    {C0, -C1, C2, -C3, C4, -C5, C6, -C7}};

/* How a row or a column of samples lies under the plate. */
typedef struct {
  float share;  /* 0 to 1 of the sample */
  float each;   /* of what lies on it, 1 / count */
  int count;    /* pixels of the plate in it */
  size_t at[MAX_SAMPLING]; /* where they stand in a row, or which rows they are */
} Span;

void plate_settle(Plate *plate, const Scan *scan) {
  plate->right = plate->x + plate->width;
  plate->bottom = plate->y + plate->height;
  if (plate->right >= scan->width) plate->right = scan->across * scan->unit_wide;
  if (plate->bottom >= scan->height) plate->bottom = scan->down * scan->unit_high;
  for (int at = 0; at < 64 * scan->count; at++)
    plate->shares[at / 64][NATURAL[at % 64]] = 1.0f / (float)plate->steps[at];
}

static Cover cover(const Plate *plate, int x, int y, int wide, int high) {
  if (x >= plate->right || y >= plate->bottom || x + wide <= plate->x || y + high <= plate->y)
    return OUTSIDE;
  if (x >= plate->x && y >= plate->y && x + wide <= plate->right && y + high <= plate->bottom)
    return INSIDE;
  return PARTLY;
}

Cover plate_cover_unit(const Plate *plate, const Scan *scan, int64_t unit) {
  int across = (int)(unit % scan->across), down = (int)(unit / scan->across);
  return cover(plate, across * scan->unit_wide, down * scan->unit_high, scan->unit_wide,
               scan->unit_high);
}

/* Samples of `size` pixels from `from` on, under a plate from `first` to `end` whose own pixels
   are `own` and are repeated behind them. */
static void find_spans(Span *spans, int from, int size, int first, int end, int own, size_t step) {
  for (int sample = 0; sample < 8; sample++, from += size) {
    Span *span = spans + sample;
    span->count = 0;
    for (int pixel = from; pixel < from + size; pixel++) {
      if (pixel < first || pixel >= end) continue;
      int at = pixel - first < own ? pixel - first : own - 1;
      span->at[span->count++] = (size_t)at * step;
    }
    span->share = (float)span->count / (float)size;
    span->each = span->count ? 1.0f / (float)span->count : 0;
  }
}

/* A pixel as a component has it, in 1 / COLOUR_ONE, the offset left out. */
static inline int32_t weighed(const uint8_t *pixel, const int32_t *weights, int channels) {
  int32_t sum = 0;
  for (int channel = 0; channel < channels; channel++) sum += weights[channel] * pixel[channel];
  return sum;
}

/* The samples of a block that lies inside the plate's own pixels. Called with constants, so that
   the loops come apart. */
static inline void gather_by(const Plate *plate, const int32_t *weights, const uint8_t *first,
                             int wide, int high, int channels, float samples[8][8]) {
  size_t stride = (size_t)plate->width * (size_t)channels;
  float share = 1.0f / (float)(COLOUR_ONE * wide * high);
  float offset = (float)weights[channels] / COLOUR_ONE - 128.0f;
  for (int row = 0; row < 8; row++) {
    int32_t sums[8] = {0};
    for (int line = 0; line < high; line++, first += stride)
      for (int column = 0; column < 8; column++)
        for (int each = 0; each < wide; each++)
          sums[column] += weighed(first + (column * wide + each) * channels, weights, channels);
    for (int column = 0; column < 8; column++)
      samples[row][column] = (float)sums[column] * share + offset;
  }
}

static void gather(const Plate *plate, const Component *component, const int32_t *weights, int x,
                   int y, float samples[8][8]) {
  int wide = component->wide, high = component->high, channels = plate->channels;
  const uint8_t *first = plate->pixels + ((size_t)(y - plate->y) * (size_t)plate->width +
                                          (size_t)(x - plate->x)) * (size_t)channels;
  if (channels == 3 && wide == 1 && high == 1)
    gather_by(plate, weights, first, 1, 1, 3, samples);
  else if (channels == 3 && wide == 2 && high == 2)
    gather_by(plate, weights, first, 2, 2, 3, samples);
  else
    gather_by(plate, weights, first, wide, high, channels, samples);
}

/* Mix the plate into samples, by the share of each that it covers. As `gather_by`. */
static inline void mix_by(const Plate *plate, const int32_t *weights, const Span *columns,
                          const Span *rows, int channels, float samples[8][8]) {
  size_t stride = (size_t)plate->width * (size_t)channels;
  float offset = (float)weights[channels] / COLOUR_ONE - 128.0f;
  for (int row = 0; row < 8; row++) {
    for (int column = 0; column < 8; column++) {
      const Span *span = columns + column;
      int32_t sum = 0;
      if (!rows[row].count || !span->count) continue;
      for (int down = 0; down < rows[row].count; down++)
        for (int across = 0; across < span->count; across++)
          sum += weighed(plate->pixels + rows[row].at[down] * stride + span->at[across], weights,
                         channels);
      float mean = (float)sum * (rows[row].each * span->each / COLOUR_ONE) + offset;
      samples[row][column] += rows[row].share * span->share * (mean - samples[row][column]);
    }
  }
}

static int is_flat(float samples[8][8]) {
  for (int at = 1; at < 64; at++)
    if (samples[at / 8][at % 8] != samples[0][0]) return 0;
  return 1;
}

/* The product of two matrices. Spelt out, so that compilers take four columns at a time. */
static void multiply(float out[8][8], const float left[8][8], const float right[8][8]) {
  for (int row = 0; row < 8; row++) {
    const float *factor = left[row];
    float sums[8];
    for (int column = 0; column < 8; column++) {
      float sum = factor[0] * right[0][column];
      sum += factor[1] * right[1][column];
      sum += factor[2] * right[2][column];
      sum += factor[3] * right[3][column];
      sum += factor[4] * right[4][column];
      sum += factor[5] * right[5][column];
      sum += factor[6] * right[6][column];
      sum += factor[7] * right[7][column];
      sums[column] = sum;
    }
    memcpy(out[row], sums, sizeof sums);
  }
}

/* The DCT of samples, in place, and its inverse. */
static void forward(float samples[8][8]) {
  float half[8][8];
  multiply(half, BASIS, samples);
  multiply(samples, half, TURNED);
}

static void inverse(float samples[8][8]) {
  float half[8][8];
  multiply(half, TURNED, samples);
  multiply(samples, half, BASIS);
}

static float clamped(float value, float least, float most) {
  value = value < least ? least : value;
  return value > most ? most : value;
}

/* The nearest integer to a value below 2^22, without a branch: behind this number floats are one
   apart. */
static int16_t rounded(float value) {
  float shifted = value + 12582912.0f;
  int32_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  return (int16_t)(bits - 0x4B400000);
}

static void quantise(const float *samples, const float *shares, int16_t *block) {
  int16_t natural[64];
  for (int at = 0; at < 64; at++)
    natural[at] = rounded(clamped(samples[at] * shares[at], -1023, 1023));
  for (int at = 1; at < 64; at++) block[at] = natural[NATURAL[at]];
  block[0] = rounded(clamped(samples[0] * shares[0], -1024, 1023));
}

/* A block of one colour, whose samples are all this one. */
static Kind fill_block(float sample, const float *shares, int16_t *block) {
  memset(block, 0, 64 * sizeof *block);
  block[0] = rounded(clamped(8.0f * sample * shares[0], -1024, 1023));
  return FLAT;
}

/* Lay the plate over part of a block, or over one that reaches behind the plate's own pixels. */
static void lay_over(const Plate *plate, const Scan *scan, int owner, int x, int y,
                     const int16_t *block, float samples[8][8]) {
  const Component *component = scan->components + owner;
  const uint16_t *steps = plate->steps + 64 * owner;
  Span columns[8], rows[8];
  find_spans(columns, x, component->wide, plate->x, plate->right, plate->width,
             (size_t)plate->channels);
  find_spans(rows, y, component->high, plate->y, plate->bottom, plate->height, 1);
  if (block) {
    for (int at = 0; at < 64; at++)
      samples[NATURAL[at] / 8][NATURAL[at] % 8] = (float)block[at] * (float)steps[at];
    inverse(samples);
  }
  const int32_t *weights = plate->colours + owner * (plate->channels + 1);
  if (plate->channels == 3)
    mix_by(plate, weights, columns, rows, 3, samples);
  else
    mix_by(plate, weights, columns, rows, plate->channels, samples);
}

static Kind paint_block(const Plate *plate, const Scan *scan, int owner, int x, int y, Cover covered,
                        int16_t *block) {
  const Component *component = scan->components + owner;
  const int32_t *weights = plate->colours + owner * (plate->channels + 1);
  float samples[8][8] = {{0}};
  if (covered == INSIDE && x + 8 * component->wide <= plate->x + plate->width &&
      y + 8 * component->high <= plate->y + plate->height)
    gather(plate, component, weights, x, y, samples);
  else
    lay_over(plate, scan, owner, x, y, covered == INSIDE ? NULL : block, samples);
  if (covered == INSIDE && is_flat(samples))
    return fill_block(samples[0][0], plate->shares[owner], block);
  forward(samples);
  quantise(samples[0], plate->shares[owner], block);
  return PAINTED;
}

/* The pixel that all those of the plate in a rectangle are equal to, or NULL. */
static const uint8_t *one_colour(const Plate *plate, int x, int y, int wide, int high) {
  size_t pixel = (size_t)plate->channels, stride = (size_t)plate->width * pixel;
  if (x + wide > plate->x + plate->width) wide = plate->x + plate->width - x;
  if (y + high > plate->y + plate->height) high = plate->y + plate->height - y;
  if (wide < 1 || high < 1) return NULL;
  const uint8_t *first = plate->pixels + (size_t)(y - plate->y) * stride;
  first += (size_t)(x - plate->x) * pixel;
  if (memcmp(first, first + pixel, (size_t)(wide - 1) * pixel)) return NULL;
  for (int row = 1; row < high; row++)
    if (memcmp(first, first + (size_t)row * stride, (size_t)wide * pixel)) return NULL;
  return first;
}

static void fill_unit(const Plate *plate, const Scan *scan, const uint8_t *colour,
                      int16_t (*blocks)[64], uint8_t *kinds) {
  for (int block = 0; block < scan->blocks; block++) {
    int owner = scan->owner[block];
    const int32_t *weights = plate->colours + owner * (plate->channels + 1);
    int32_t sum = weighed(colour, weights, plate->channels) + weights[plate->channels];
    float sample = (float)sum / COLOUR_ONE - 128.0f;
    kinds[block] = (uint8_t)fill_block(sample, plate->shares[owner], blocks[block]);
  }
}

void plate_paint(const Plate *plate, const Scan *scan, int64_t unit, int16_t (*blocks)[64],
                 uint8_t *kinds) {
  int across = (int)(unit % scan->across), down = (int)(unit / scan->across), at = 0;
  if (plate_cover_unit(plate, scan, unit) == INSIDE) {
    const uint8_t *colour =
        one_colour(plate, across * scan->unit_wide, down * scan->unit_high, scan->unit_wide,
                   scan->unit_high);
    if (colour) {
      fill_unit(plate, scan, colour, blocks, kinds);
      return;
    }
  }
  for (int owner = 0; owner < scan->count; owner++) {
    const Component *component = scan->components + owner;
    int wide = 8 * component->wide, high = 8 * component->high;
    for (int each = 0; each < component->across * component->down; each++, at++) {
      int x = (across * component->across + each % component->across) * wide;
      int y = (down * component->down + each / component->across) * high;
      Cover covered = cover(plate, x, y, wide, high);
      kinds[at] = KEPT;
      if (covered == OUTSIDE) continue;
      kinds[at] = (uint8_t)paint_block(plate, scan, owner, x, y, covered, blocks[at]);
    }
  }
}
