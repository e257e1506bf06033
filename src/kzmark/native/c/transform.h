/* The DCT of a block as encoders need it, in floats, and quantisation. */
#ifndef KZMARK_TRANSFORM_H
#define KZMARK_TRANSFORM_H

#include <stdint.h>

void transform_forward(float samples[8][8]); /* in place */
/* The matrix that does to coefficients, from the left or the right, what multiplying does to the
   rows or columns of samples. */
void transform_factors(const float factors[8], float matrix[8][8]);
void transform_multiply(float out[8][8], const float left[8][8], const float right[8][8]);
/* Coefficients times quantisation steps, by row and column. */
void transform_scale(const int16_t *block, const float *steps, float *values);
/* Quantise by 1 / steps, which stand by row and column; `block` is in zigzag order. */
void transform_quantise(const float *samples, const float *shares, int16_t *block);
/* The DC coefficient of a block whose samples are all this one. */
int16_t transform_flat(float sample, float share);

#endif
