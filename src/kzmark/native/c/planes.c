#include "planes.h"

#include <stdlib.h>
#include <string.h>

/* Lines of a component for a row of pixels; `wide` holds one sample more on either side. */
typedef struct {
  uint8_t *line;  /* pixels from the region's left edge on */
  uint16_t *near; /* samples, weighed with those of the row beside them */
} Lines;

static int inside(int value, int size) { return value < 0 ? 0 : value < size ? value : size - 1; }

static const uint8_t *row_of(const Plane *plane, int y) {
  return plane->data + (size_t)(inside(y, plane->height) - plane->y) * plane->stride;
}

/* Decoders repeat samples but for these ratios, and rows of one or two samples. */
static int is_smooth(const Plane *plane) {
  if (plane->wide > 2 || plane->high > 2) return 0;
  return plane->wide == 1 || plane->width > 2;
}

/* Samples from `first` on, those behind the edges repeated; if there are two rows to a sample, three
   parts of its own row and one of the row beside it. */
static void weigh(const Plane *plane, int y, int first, int count, uint16_t *near) {
  int sample = y / plane->high;
  int from = first < 0 ? 0 : first;
  int to = first + count > plane->width ? plane->width : first + count;
  const uint8_t *own = row_of(plane, sample) + (from - plane->x);
  const uint8_t *other = row_of(plane, y & 1 ? sample + 1 : sample - 1) + (from - plane->x);
  uint16_t *restrict out = near + (from - first);
  size_t there = (size_t)(to - from);
  if (plane->high == 1)
    for (size_t at = 0; at < there; at++) out[at] = own[at];
  else
    for (size_t at = 0; at < there; at++) out[at] = (uint16_t)(3 * own[at] + other[at]);
  if (from > first) near[0] = near[1];
  for (int at = to - first; at < count; at++) near[at] = near[at - 1];
}

/* Pairs of pixels with three parts of their own sample and one of the one beside each; the samples
   begin with the one in front. The two roundings take turns, so that the whole becomes neither
   lighter nor darker. */
static inline void smooth_by(const uint16_t *restrict near, size_t pairs, int bits, int less,
                             int more, uint8_t *restrict line) {
  for (size_t at = 0; at < pairs; at++) {
    uint16_t own = (uint16_t)(3 * near[at + 1]);
    line[2 * at] = (uint8_t)((uint16_t)(own + near[at] + less) >> bits);
    line[2 * at + 1] = (uint8_t)((uint16_t)(own + near[at + 2] + more) >> bits);
  }
}

/* The line of a component for one row of pixels, from the region's left edge on. */
static const uint8_t *line_of(const Plane *plane, const Region *region, int y, Lines *lines) {
  int x = region->x, width = region->width, pairs = width / 2 + 1;
  if (plane->wide == 1 && plane->high == 1) return row_of(plane, y) + (x - plane->x);
  if (!is_smooth(plane)) {
    const uint8_t *row = row_of(plane, y / plane->high);
    for (int at = 0; at < width; at++) lines->line[at] = row[(x + at) / plane->wide - plane->x];
  } else if (plane->wide == 2) {
    weigh(plane, y, x / 2 - 1, pairs + 2, lines->near);
    if (plane->high == 2)
      smooth_by(lines->near, (size_t)pairs, 4, 8, 7, lines->line);
    else
      smooth_by(lines->near, (size_t)pairs, 2, 1, 2, lines->line);
    return lines->line + x % 2;
  } else {
    weigh(plane, y, x, width, lines->near);
    for (int at = 0; at < width; at++)
      lines->line[at] = (uint8_t)((lines->near[at] + (y & 1 ? 2 : 1)) >> 2);
  }
  return lines->line;
}

static inline uint8_t clamped(int16_t value) {
  value = value < 0 ? 0 : value;
  return (uint8_t)(value > 255 ? 255 : value);
}

/* A product with a fraction in 1/65536, rounded. */
static inline int16_t part_of(int16_t value, int16_t fraction) {
  int16_t twice = (int16_t)(2 * value);
  return (int16_t)(((int16_t)((twice * fraction) >> 16) + 1) >> 1);
}

/* RGB from YCbCr (T.871, 7), or its inverse. Whole parts of the factors are taken out, so that what
   is left fits 16 bits and compilers take many pixels at a time: 1.402 = 1 + 26345 / 65536,
   1.772 = 2 - 14942 / 65536, 0.71414 = 1 - 18734 / 65536, 0.34414 = 22554 / 65536. */
static void convert(const uint8_t *restrict lumas, const uint8_t *restrict blues,
                    const uint8_t *restrict reds, size_t width, uint8_t flip, uint8_t *restrict first,
                    uint8_t *restrict second, uint8_t *restrict third) {
  for (size_t at = 0; at < width; at++) {
    int16_t luma = lumas[at], blue = (int16_t)(blues[at] - 128), red = (int16_t)(reds[at] - 128);
    int16_t green = (int16_t)((blue * -22554 + red * 18734 + 32768) >> 16);
    first[at] = clamped((int16_t)(luma + red + part_of(red, 26345))) ^ flip;
    second[at] = clamped((int16_t)(luma - red + green)) ^ flip;
    third[at] = clamped((int16_t)(luma + 2 * blue + part_of(blue, -14942))) ^ flip;
  }
}

static void interleave(const uint8_t *const *lines, int count, size_t width, uint8_t *out) {
  if (count == 1) {
    memcpy(out, lines[0], width);
  } else if (count == 3) {
    const uint8_t *first = lines[0], *second = lines[1], *third = lines[2];
    for (size_t at = 0; at < width; at++, out += 3)
      out[0] = first[at], out[1] = second[at], out[2] = third[at];
  } else {
    for (size_t at = 0; at < width; at++)
      for (int channel = 0; channel < count; channel++) *out++ = lines[channel][at];
  }
}

/* Memory for the lines of all components, and of three colours. */
static uint8_t *open_lines(Lines *lines, uint8_t **rgb, size_t width) {
  size_t wide = width + 8;
  uint8_t *room = malloc(wide * (3 * MAX_COMPONENTS + 3)), *next = room;
  if (!room) return NULL;
  for (int at = 0; at < MAX_COMPONENTS; at++, next += 2 * wide)
    lines[at].near = (uint16_t *)(void *)next;
  for (int at = 0; at < MAX_COMPONENTS; at++, next += wide) lines[at].line = next;
  for (int at = 0; at < 3; at++, next += wide) rgb[at] = next;
  return room;
}

Code planes_show(const Plane *planes, const Region *region, int count, uint8_t *out) {
  size_t width = (size_t)region->width;
  Lines lines[MAX_COMPONENTS];
  uint8_t *rgb[3], *room = open_lines(lines, rgb, width);
  if (!room) return NO_MEMORY;
  for (int y = region->y; y < region->y + region->height; y++, out += width * (size_t)count) {
    const uint8_t *shown[MAX_COMPONENTS] = {0};
    for (int at = 0; at < count; at++) shown[at] = line_of(planes + at, region, y, lines + at);
    if (region->model != AS_THEY_ARE) {
      convert(shown[0], shown[1], shown[2], width, region->model == FROM_YCCK ? 255 : 0,
              rgb[0], rgb[1], rgb[2]);
      for (int at = 0; at < 3; at++) shown[at] = rgb[at];
    }
    interleave(shown, count, width, out);
  }
  free(room);
  return DONE;
}
