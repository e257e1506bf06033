#include "plate.h"

#include <string.h>

/* How a row or a column of samples lies under the plate. */
typedef struct {
  float share;             /* 0 to 1 of the sample */
  float each;              /* of what lies on it, 1 / count */
  int count;               /* pixels of the plate in it */
  size_t at[MAX_SAMPLING]; /* where they stand in a row, or which rows they are */
} Span;

void plate_settle(Plate *plate, const Frame *frame) {
  plate->right = plate->x + plate->width;
  plate->bottom = plate->y + plate->height;
  if (plate->right >= frame->width) plate->right = frame->across * frame->unit_wide;
  if (plate->bottom >= frame->height) plate->bottom = frame->down * frame->unit_high;
}

Cover plate_cover(const Plate *plate, int x, int y, int wide, int high) {
  if (x >= plate->right || y >= plate->bottom || x + wide <= plate->x || y + high <= plate->y)
    return OUTSIDE;
  if (x >= plate->x && y >= plate->y && x + wide <= plate->right && y + high <= plate->bottom)
    return INSIDE;
  return PARTLY;
}

const uint8_t *plate_colour(const Plate *plate, int x, int y, int wide, int high) {
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

/* A pixel as a component has it, in 1 / COLOUR_ONE, the offset left out. */
static inline int32_t weighed(const uint8_t *pixel, const int32_t *weights, int channels) {
  int32_t sum = 0;
  for (int channel = 0; channel < channels; channel++) sum += weights[channel] * pixel[channel];
  return sum;
}

static const int32_t *weights_of(const Plate *plate, int owner) {
  return plate->colours + owner * (plate->channels + 1);
}

float plate_sample(const Plate *plate, int owner, const uint8_t *pixel) {
  const int32_t *weights = weights_of(plate, owner);
  int32_t sum = weighed(pixel, weights, plate->channels) + weights[plate->channels];
  return (float)sum / COLOUR_ONE - 128.0f;
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

/* What the plate has on average on a sample; some of it must lie there. */
static float mean_of(const Plate *plate, const int32_t *weights, const Span *column,
                     const Span *row) {
  size_t stride = (size_t)plate->width * (size_t)plate->channels;
  int32_t sum = 0;
  for (int down = 0; down < row->count; down++)
    for (int across = 0; across < column->count; across++)
      sum += weighed(plate->pixels + row->at[down] * stride + column->at[across], weights,
                     plate->channels);
  float offset = (float)weights[plate->channels] / COLOUR_ONE - 128.0f;
  return (float)sum * (row->each * column->each / COLOUR_ONE) + offset;
}

void plate_overlap(const Plate *plate, const Frame *frame, int owner, int x, int y,
                   Overlap *overlap) {
  const Component *component = frame->components + owner;
  const int32_t *weights = weights_of(plate, owner);
  Span columns[8], rows[8];
  find_spans(columns, x, component->wide, plate->x, plate->right, plate->width,
             (size_t)plate->channels);
  find_spans(rows, y, component->high, plate->y, plate->bottom, plate->height, 1);
  for (int at = 0; at < 8; at++) {
    overlap->rows[at] = rows[at].share;
    overlap->columns[at] = columns[at].share;
  }
  for (int row = 0; row < 8; row++) {
    for (int column = 0; column < 8; column++) {
      float share = rows[row].share * columns[column].share;
      overlap->add[row][column] =
          share > 0 ? share * mean_of(plate, weights, columns + column, rows + row) : 0;
    }
  }
}

void plate_samples(const Plate *plate, const Frame *frame, int owner, int x, int y,
                   float samples[8][8]) {
  const Component *component = frame->components + owner;
  if (x + 8 * component->wide <= plate->x + plate->width &&
      y + 8 * component->high <= plate->y + plate->height) {
    gather(plate, component, weights_of(plate, owner), x, y, samples);
    return;
  }
  Overlap whole;
  plate_overlap(plate, frame, owner, x, y, &whole);
  memcpy(samples, whole.add, sizeof whole.add);
}
