/* Blocks into fewer samples than they hold, to the bit as libjpeg's accurate integer method has them. */
#ifndef KZMARK_REDUCED_H
#define KZMARK_REDUCED_H

#include <stddef.h>
#include <stdint.h>

/* Put the side x side samples, side 1, 2 or 4, of a quantised block in zigzag order into rows that are
   `stride` apart; the quantisation steps stand by row and column. */
void reduced_of(const int16_t *block, const uint16_t *steps, int side, uint8_t *out, size_t stride);

#endif
