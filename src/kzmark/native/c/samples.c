/* The inverse DCT of Loeffler, Ligtenberg and Moschytz (ICASSP 1989) in fixed point: 13 bits for its
   constants, 2 more for what the first pass hands to the second. The roundings are those of the
   method that decoders share, so that pixels agree to the bit; what overflows wraps, and only
   damaged files get that far. */
#include "samples.h"

#include <string.h>

#include "frame.h"

#if defined(__SSE2__) && !defined(KZMARK_NO_VECTORS)
#include <emmintrin.h>
#define VECTORS 1
#endif

enum { CONSTANT = 13, PASS = 2 };

/* 8192 times cosines of multiples of pi / 16, and sums of them. */
enum {
  F0298 = 2446, F0390 = 3196, F0541 = 4433, F0765 = 6270, F0899 = 7373, F1175 = 9633,
  F1501 = 12299, F1847 = 15137, F1961 = 16069, F2053 = 16819, F2562 = 20995, F3072 = 25172
};

/* What the inputs 2 and 6 give to two even sums, and 1, 3, 5, 7 to four odd ones. */
static const int16_t EVEN[2][2] = {{F0541, F0541 - F1847}, {F0541 + F0765, F0541}};
static const int16_t ODD[4][4] = {
    {F1501 - F0899 + F1175 - F0390, F1175, F1175 - F0390, F1175 - F0899},
    {F1175, F3072 - F2562 + F1175 - F1961, F1175 - F2562, F1175 - F1961},
    {F1175 - F0390, F1175 - F2562, F2053 - F2562 + F1175 - F0390, F1175},
    {F1175 - F0899, F1175 - F1961, F1175, F0298 - F0899 + F1175 - F1961}};

#if VECTORS

/* Four and four sums of 32 bits. */
typedef struct {
  __m128i low, high;
} Wide;

static inline Wide added(Wide one, Wide other) {
  return (Wide){_mm_add_epi32(one.low, other.low), _mm_add_epi32(one.high, other.high)};
}

/* Two inputs, each times its factor. */
static inline Wide mixed(__m128i one, __m128i other, int16_t by_one, int16_t by_other) {
  __m128i factors =
      _mm_set1_epi32((int32_t)((uint32_t)(uint16_t)by_other << 16 | (uint16_t)by_one));
  return (Wide){_mm_madd_epi16(_mm_unpacklo_epi16(one, other), factors),
                _mm_madd_epi16(_mm_unpackhi_epi16(one, other), factors)};
}

/* A sum and a difference, rounded and scaled down. */
static inline void put(__m128i *sum, __m128i *difference, Wide even, Wide odd, int bits) {
  __m128i half = _mm_set1_epi32(1 << (bits - 1));
  even.low = _mm_add_epi32(even.low, half), even.high = _mm_add_epi32(even.high, half);
  *sum = _mm_packs_epi32(_mm_srai_epi32(_mm_add_epi32(even.low, odd.low), bits),
                         _mm_srai_epi32(_mm_add_epi32(even.high, odd.high), bits));
  *difference = _mm_packs_epi32(_mm_srai_epi32(_mm_sub_epi32(even.low, odd.low), bits),
                                _mm_srai_epi32(_mm_sub_epi32(even.high, odd.high), bits));
}

static inline void pass(__m128i v[8], int bits) {
  Wide sum = mixed(v[0], v[4], 1 << CONSTANT, 1 << CONSTANT);
  Wide difference = mixed(v[0], v[4], 1 << CONSTANT, -(1 << CONSTANT));
  Wide t2 = mixed(v[2], v[6], EVEN[0][0], EVEN[0][1]);
  Wide t3 = mixed(v[2], v[6], EVEN[1][0], EVEN[1][1]);
  Wide minus2 = mixed(v[2], v[6], -EVEN[0][0], -EVEN[0][1]);
  Wide minus3 = mixed(v[2], v[6], -EVEN[1][0], -EVEN[1][1]);
  Wide even[4] = {added(sum, t3), added(difference, t2), added(difference, minus2),
                  added(sum, minus3)};
  __m128i x1 = v[1], x3 = v[3], x5 = v[5], x7 = v[7];
  for (int at = 0; at < 4; at++) {
    Wide odd = added(mixed(x1, x3, ODD[at][0], ODD[at][1]), mixed(x5, x7, ODD[at][2], ODD[at][3]));
    put(v + at, v + 7 - at, even[at], odd, bits);
  }
}

static inline void turn(__m128i v[8]) {
  __m128i a[8], b[8];
  for (int at = 0; at < 4; at++) {
    a[2 * at] = _mm_unpacklo_epi16(v[at], v[at + 4]);
    a[2 * at + 1] = _mm_unpackhi_epi16(v[at], v[at + 4]);
  }
  for (int at = 0; at < 4; at++) {
    b[2 * at] = _mm_unpacklo_epi16(a[at], a[at + 4]);
    b[2 * at + 1] = _mm_unpackhi_epi16(a[at], a[at + 4]);
  }
  for (int at = 0; at < 4; at++) {
    v[2 * at] = _mm_unpacklo_epi16(b[at], b[at + 4]);
    v[2 * at + 1] = _mm_unpackhi_epi16(b[at], b[at + 4]);
  }
}

static void transform(const int16_t *values, const uint16_t *steps, uint8_t *out, size_t stride) {
  __m128i v[8], grey = _mm_set1_epi8(-128);
  for (int at = 0; at < 8; at++)
    v[at] = _mm_mullo_epi16(_mm_loadu_si128((const __m128i *)(const void *)(values + 8 * at)),
                            _mm_loadu_si128((const __m128i *)(const void *)(steps + 8 * at)));
  pass(v, CONSTANT - PASS);
  turn(v);
  pass(v, CONSTANT + PASS + 3);
  turn(v);
  for (int at = 0; at < 8; at++, out += stride) {
    __m128i row = _mm_add_epi8(_mm_packs_epi16(v[at], v[at]), grey);
    _mm_storel_epi64((__m128i *)(void *)out, row);
  }
}

#else

static inline int16_t narrow(uint32_t sum, int bits) {
  int32_t value = (int32_t)(sum + (1u << (bits - 1))) >> bits;
  return (int16_t)(value < -32768 ? -32768 : value > 32767 ? 32767 : value);
}

static inline uint32_t mixed(int16_t one, int16_t other, int by_one, int by_other) {
  return (uint32_t)(one * by_one) + (uint32_t)(other * by_other);
}

/* One pass over eight values that are `step` apart. */
static void pass(int16_t *v, int step, int bits) {
  uint32_t sum = mixed(v[0], v[4 * step], 1 << CONSTANT, 1 << CONSTANT);
  uint32_t difference = mixed(v[0], v[4 * step], 1 << CONSTANT, -(1 << CONSTANT));
  uint32_t t2 = mixed(v[2 * step], v[6 * step], EVEN[0][0], EVEN[0][1]);
  uint32_t t3 = mixed(v[2 * step], v[6 * step], EVEN[1][0], EVEN[1][1]);
  uint32_t even[4] = {sum + t3, difference + t2, difference - t2, sum - t3};
  int16_t x1 = v[step], x3 = v[3 * step], x5 = v[5 * step], x7 = v[7 * step];
  for (int at = 0; at < 4; at++) {
    uint32_t odd = mixed(x1, x3, ODD[at][0], ODD[at][1]) + mixed(x5, x7, ODD[at][2], ODD[at][3]);
    v[at * step] = narrow(even[at] + odd, bits);
    v[(7 - at) * step] = narrow(even[at] - odd, bits);
  }
}

static void transform(int16_t *values, const uint16_t *steps, uint8_t *out, size_t stride) {
  for (int at = 0; at < 64; at++) values[at] = (int16_t)((uint32_t)values[at] * steps[at]);
  for (int column = 0; column < 8; column++) pass(values + column, 8, CONSTANT - PASS);
  for (int row = 0; row < 8; row++, out += stride) {
    pass(values + 8 * row, 1, CONSTANT + PASS + 3);
    for (int column = 0; column < 8; column++) {
      int value = values[8 * row + column] + 128;
      out[column] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
  }
}

#endif

/* A block of one colour. */
static void fill(int16_t dc, uint16_t step, uint8_t *out, size_t stride) {
  int32_t first = (int16_t)((uint32_t)(int16_t)((uint32_t)dc * step) << PASS);
  int32_t value = ((first + (1 << (PASS + 2))) >> (PASS + 3)) + 128;
  int byte = value < 0 ? 0 : value > 255 ? 255 : (int)value;
  for (int row = 0; row < 8; row++, out += stride) memset(out, byte, 8);
}

void samples_of(const int16_t *block, const uint16_t *steps, uint8_t *out, size_t stride) {
  int16_t values[64] = {0};
  int last = 0; /* of the fours that hold something */
  for (int at = 0; at < 64; at += 4) {
    uint64_t four;
    memcpy(&four, block + at, sizeof four);
    if (!four) continue;
    last = at;
    for (int each = at; each < at + 4; each++) values[NATURAL[each]] = block[each];
  }
  if (!last && !block[1] && !block[2] && !block[3])
    fill(block[0], steps[0], out, stride);
  else
    transform(values, steps, out, stride);
}
