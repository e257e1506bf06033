/* The inverse DCT of 8 x 8 coefficients at 4, 2 or 1 points a side: what is too fine for so few samples
   is left out. Fixed point with 13 bits for the constants and 2 more between the passes, rounded as
   decoders do it, so that pixels agree to the bit; what overflows wraps or stops at 16 bits, and only
   damaged files get that far. */
#include "reduced.h"

#include <string.h>

#include "frame.h"

enum { CONSTANT = 13, PASS = 2, LEVEL = 128 };

/* 8192 times what the inputs 2 and 6 give to the outer two of four samples, and take from the others;
   what 1, 3, 5 and 7 give to the outer and the inner pair; and the same where there is one pair. */
static const int32_t EVEN[2] = {15137, -6270};
static const int32_t OUTER[4] = {20995, 7373, -4926, -4176};
static const int32_t INNER[4] = {8697, -17799, 11893, -1730};
static const int32_t ONLY[4] = {29692, -10426, 6967, -5906};

static inline uint32_t times(int16_t value, int32_t factor) {
  return (uint32_t)value * (uint32_t)factor;
}

static inline uint32_t odd(const int16_t *in, size_t step, const int32_t factors[4]) {
  return times(in[step], factors[0]) + times(in[3 * step], factors[1]) +
         times(in[5 * step], factors[2]) + times(in[7 * step], factors[3]);
}

static inline int16_t narrow(uint32_t sum, int bits) {
  int32_t value = (int32_t)(sum + (1u << (bits - 1))) >> bits;
  return (int16_t)(value < -32768 ? -32768 : value > 32767 ? 32767 : value);
}

/* Eight values that are `step` apart, the fifth of no account, into four. */
static inline void to_four(const int16_t *in, size_t step, int bits, int16_t out[4]) {
  uint32_t first = (uint32_t)in[0] << (CONSTANT + 1);
  uint32_t even = times(in[2 * step], EVEN[0]) + times(in[6 * step], EVEN[1]);
  uint32_t outer = odd(in, step, OUTER), inner = odd(in, step, INNER);
  out[0] = narrow(first + even + outer, bits + 1);
  out[1] = narrow(first - even + inner, bits + 1);
  out[2] = narrow(first - even - inner, bits + 1);
  out[3] = narrow(first + even - outer, bits + 1);
}

/* Eight values, of which five count, into two. */
static inline void to_two(const int16_t *in, size_t step, int bits, int16_t out[4]) {
  uint32_t first = (uint32_t)in[0] << (CONSTANT + 2), other = odd(in, step, ONLY);
  out[0] = narrow(first + other, bits + 2);
  out[1] = narrow(first - other, bits + 2);
}

static inline uint8_t sample(int value) {
  value += LEVEL;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void transform(const int16_t *values, int side, uint8_t *out, size_t stride) {
  int16_t half[4][8] = {{0}}, line[4];
  for (size_t column = 0; column < 8; column++) {
    if (column == 4 || (side == 2 && column && column % 2 == 0)) continue;
    if (side == 4)
      to_four(values + column, 8, CONSTANT - PASS, line);
    else
      to_two(values + column, 8, CONSTANT - PASS, line);
    for (int row = 0; row < side; row++) half[row][column] = line[row];
  }
  for (int row = 0; row < side; row++, out += stride) {
    if (side == 4)
      to_four(half[row], 1, CONSTANT + PASS + 3, line);
    else
      to_two(half[row], 1, CONSTANT + PASS + 3, line);
    for (int column = 0; column < side; column++) out[column] = sample(line[column]);
  }
}

void reduced_of(const int16_t *block, const uint16_t *steps, int side, uint8_t *out,
                size_t stride) {
  int16_t values[64] = {0};
  int more = block[1] || block[2] || block[3];
  for (int at = 0; at < 64; at += 4) {
    uint64_t four;
    memcpy(&four, block + at, sizeof four);
    if (!four) continue;
    more |= at;
    for (int each = at; each < at + 4; each++)
      values[NATURAL[each]] = (int16_t)((uint32_t)block[each] * steps[NATURAL[each]]);
  }
  if (more && side > 1) {
    transform(values, side, out, stride);
    return;
  }
  int32_t first = (int16_t)((uint32_t)values[0] << PASS);
  uint8_t only = sample((first + (1 << (PASS + 2))) >> (PASS + 3));
  for (int row = 0; row < side; row++, out += stride) memset(out, only, (size_t)side);
}
