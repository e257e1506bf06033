/* Blocks into samples, to the bit as libjpeg's accurate integer method has them. */
#ifndef KZMARK_SAMPLES_H
#define KZMARK_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

/* Put the 8 x 8 samples of a quantised block in zigzag order into rows that are `stride` apart; the
   quantisation steps stand by row and column. */
void samples_of(const int16_t *block, const uint16_t *steps, uint8_t *out, size_t stride);

#endif
