#include "transform.h"

#include <string.h>

#include "frame.h"

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

/* The product of two matrices. Spelt out, so that compilers take four columns at a time. */
void transform_multiply(float out[8][8], const float left[8][8], const float right[8][8]) {
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

void transform_forward(float samples[8][8]) {
  float half[8][8];
  transform_multiply(half, BASIS, samples);
  transform_multiply(samples, half, TURNED);
}

void transform_factors(const float factors[8], float matrix[8][8]) {
  float half[8][8];
  for (int at = 0; at < 64; at++) half[at / 8][at % 8] = BASIS[at / 8][at % 8] * factors[at % 8];
  transform_multiply(matrix, half, TURNED);
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

void transform_scale(const int16_t *block, const float *steps, float *values) {
  int16_t natural[64];
  for (int at = 0; at < 64; at++) natural[NATURAL[at]] = block[at];
  for (int at = 0; at < 64; at++) values[at] = (float)natural[at] * steps[at];
}

void transform_quantise(const float *samples, const float *shares, int16_t *block) {
  int16_t natural[64];
  for (int at = 0; at < 64; at++)
    natural[at] = rounded(clamped(samples[at] * shares[at], -1023, 1023));
  for (int at = 1; at < 64; at++) block[at] = natural[NATURAL[at]];
  block[0] = rounded(clamped(samples[0] * shares[0], -1024, 1023));
}

int16_t transform_flat(float sample, float share) {
  return rounded(clamped(8.0f * sample * share, -1024, 1023));
}
