/* Rows of a PNG: filters undone and applied (PNG third edition, 9). */
#ifndef KZMARK_PNGROWS_H
#define KZMARK_PNGROWS_H

#include <stddef.h>
#include <stdint.h>

#include "code.h"

enum { FILTER_NONE, FILTER_SUB, FILTER_UP, FILTER_AVERAGE, FILTER_PAETH };

typedef struct {
  size_t height, width; /* rows, and bytes of a row without its filter type */
  size_t unit;          /* bytes from one pixel to the next, at least 1 */
} Shape;

/* Undo the filter of the first `width` bytes of a row; `above` is the plain row over it. */
Code row_undo(uint8_t *row, const uint8_t *above, size_t width, size_t unit, int filter);
/* Filter the bytes `left` to `right` of a plain row. */
void row_filter(uint8_t *to, const uint8_t *row, const uint8_t *above, size_t left, size_t right,
                size_t unit, int filter);
/* Plain bytes of the rows `first` to `last`, each cut to `width`, out of filtered rows. */
Code rows_undo(uint8_t *to, const uint8_t *raw, const Shape *shape, size_t first, size_t last,
               size_t width);

#endif
