#include "deflate.h"

#include <string.h>

#include "inflate.h"

enum { PRECODE_LIMIT = 7 };

/* Symbols in use, those with the least weight first; two at least, for old readers want two. */
static int sorted(uint32_t *weights, int count, int *order) {
  int used = 0;
  for (int symbol = 0; symbol < count; symbol++) used += weights[symbol] > 0;
  for (int symbol = 0; used < 2; symbol++)
    if (!weights[symbol]) weights[symbol] = 1, used++;
  used = 0;
  for (int symbol = 0; symbol < count; symbol++)
    if (weights[symbol]) order[used++] = symbol;
  for (int gap = 121; gap; gap /= 3)
    for (int at = gap; at < used; at++) {
      int one = order[at], to = at;
      for (; to >= gap && weights[order[to - gap]] > weights[one]; to -= gap)
        order[to] = order[to - gap];
      order[to] = one;
    }
  return used;
}

/* How many words of each size a Huffman tree has: leaves and joints wait in two sorted rows. */
static void count_sizes(const uint32_t *weights, const int *order, int used, int limit,
                        int *sizes) {
  uint32_t joint[MOST_SYMBOLS];
  int parent[2 * MOST_SYMBOLS], depth[2 * MOST_SYMBOLS];
  int leaf = 0, next = 0;
  for (int made = 0; made < used - 1; made++) {
    joint[made] = 0;
    for (int each = 0; each < 2; each++) {
      if (leaf < used && (next >= made || weights[order[leaf]] <= joint[next])) {
        joint[made] += weights[order[leaf]];
        parent[leaf++] = made;
      } else {
        joint[made] += joint[next];
        parent[used + next++] = made;
      }
    }
  }
  memset(sizes, 0, (size_t)(limit + 1) * sizeof *sizes);
  depth[used - 2] = 0;
  for (int at = used - 3; at >= 0; at--) depth[at] = depth[parent[used + at]] + 1;
  for (int at = 0; at < used; at++) {
    int size = depth[parent[at]] + 1;
    sizes[size > limit ? limit : size]++;
  }
}

/* Words that were cut to the limit claim too much room: lengthen shorter ones until all fit. */
static void make_fit(int *sizes, int limit) {
  int64_t claimed = 0;
  for (int size = 1; size <= limit; size++) claimed += (int64_t)sizes[size] << (limit - size);
  for (; claimed > (int64_t)1 << limit; claimed--) {
    int size = limit - 1;
    while (!sizes[size]) size--;
    sizes[size]--;
    sizes[size + 1] += 2;
    sizes[limit]--;
  }
}

void words_build(Words *words, uint32_t *weights, int count, int limit) {
  int order[MOST_SYMBOLS], sizes[16];
  unsigned next[17] = {0};
  int used = sorted(weights, count, order), at = 0;
  count_sizes(weights, order, used, limit, sizes);
  make_fit(sizes, limit);
  memset(words, 0, sizeof *words);
  for (int size = limit; size; size--)
    for (int each = 0; each < sizes[size]; each++) words->sizes[order[at++]] = (uint8_t)size;
  for (int size = 1; size <= limit; size++)
    next[size] = size > 1 ? (next[size - 1] + (unsigned)sizes[size - 1]) << 1 : 0;
  for (int symbol = 0; symbol < count; symbol++) {
    int size = words->sizes[symbol];
    unsigned word = size ? next[size]++ : 0;
    for (int bit = 0; bit < size; bit++)
      words->words[symbol] |= (uint16_t)((word >> bit & 1) << (size - 1 - bit));
  }
}

typedef struct {
  uint8_t symbol, extra, bits;
} Step;

/* Code lengths as runs (RFC 1951, 3.2.7). */
static int run_lengths(const uint8_t *lengths, int count, Step *steps) {
  int made = 0;
  for (int at = 0; at < count;) {
    int length = lengths[at], run = 1;
    while (at + run < count && lengths[at + run] == length) run++;
    at += run;
    if (length) steps[made++] = (Step){(uint8_t)length, 0, 0}, run--;
    while (run >= 3) {
      int most = length ? 6 : 138, many = run < most ? run : most;
      if (length)
        steps[made++] = (Step){16, (uint8_t)(many - 3), 2};
      else if (many < 11)
        steps[made++] = (Step){17, (uint8_t)(many - 3), 3};
      else
        steps[made++] = (Step){18, (uint8_t)(many - 11), 7};
      run -= many;
    }
    for (; run; run--) steps[made++] = (Step){(uint8_t)length, 0, 0};
  }
  return made;
}

void words_header(Sink *sink, const Words *literals, const Words *distances, int final) {
  uint8_t lengths[MOST_LITERALS + MOST_DISTANCES];
  Step steps[MOST_LITERALS + MOST_DISTANCES];
  uint32_t weights[LENGTH_ORDER] = {0};
  Words words;
  int first = MOST_LITERALS, second = MOST_DISTANCES, coded = LENGTH_ORDER;
  while (first > 257 && !literals->sizes[first - 1]) first--;
  while (second > 1 && !distances->sizes[second - 1]) second--;
  memcpy(lengths, literals->sizes, (size_t)first);
  memcpy(lengths + first, distances->sizes, (size_t)second);
  int made = run_lengths(lengths, first + second, steps);
  for (int at = 0; at < made; at++) weights[steps[at].symbol]++;
  words_build(&words, weights, LENGTH_ORDER, PRECODE_LIMIT);
  while (coded > 4 && !words.sizes[length_order[coded - 1]]) coded--;
  sink_put(sink, (uint64_t)final | 2 << 1, 3);
  sink_put(sink, (uint64_t)(first - 257), 5);
  sink_put(sink, (uint64_t)(second - 1), 5);
  sink_put(sink, (uint64_t)(coded - 4), 4);
  for (int at = 0; at < coded; at++) sink_put(sink, words.sizes[length_order[at]], 3);
  for (int at = 0; at < made; at++) {
    sink_put(sink, words.words[steps[at].symbol], words.sizes[steps[at].symbol]);
    sink_put(sink, steps[at].extra, steps[at].bits);
  }
}
