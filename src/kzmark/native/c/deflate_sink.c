#include "deflate.h"

#include <stdlib.h>
#include <string.h>

#include "inflate.h"

Code sink_reserve(Sink *sink, size_t more) {
  if (sink->room - sink->size >= more) return DONE;
  size_t room = sink->room + sink->room / 2;
  if (room < sink->size + more) room = sink->size + more + 4096;
  uint8_t *data = realloc(sink->data, room);
  if (!data) return NO_MEMORY;
  sink->data = data;
  sink->room = room;
  return DONE;
}

void sink_flush(Sink *sink) {
  for (; sink->count >= 8; sink->count -= 8, sink->bits >>= 8)
    sink->data[sink->size++] = (uint8_t)sink->bits;
}

Code sink_copy(Sink *sink, const uint8_t *data, uint64_t from, uint64_t to) {
  if (sink_reserve(sink, (size_t)((to - from) / 8) + 32)) return NO_MEMORY;
  while (from < to && (from & 7)) sink_put(sink, data[from / 8] >> (from & 7) & 1, 1), from++;
  sink_flush(sink);
  if (!sink->count && from < to) {
    size_t bytes = (size_t)((to - from) / 8);
    memcpy(sink->data + sink->size, data + from / 8, bytes);
    sink->size += bytes;
    from += 8 * (uint64_t)bytes;
  }
  for (; to - from >= 8; from += 8) sink_put(sink, data[from / 8], 8);
  if (from < to)
    sink_put(sink, data[from / 8] & ((1u << (to - from)) - 1), (int)(to - from));
  return DONE;
}

/* A dynamic block without bytes: 95 bits, an odd number, while an empty fixed block has 10. Its two
   literal codes (255 and the end) and its two distance codes have one bit each, as have the two
   words of the precode (1 and 18). */
static void put_odd(Sink *sink) {
  sink_put(sink, 0 | 2 << 1, 3);
  sink_put(sink, 0, 5);
  sink_put(sink, 1, 5);
  sink_put(sink, LENGTH_ORDER - 4, 4);
  for (int at = 0; at < LENGTH_ORDER; at++)
    sink_put(sink, length_order[at] == 1 || length_order[at] == 18, 3);
  sink_put(sink, 1 | (138 - 11) << 1, 8);       /* 138 times zero */
  sink_put(sink, 1 | (255 - 138 - 11) << 1, 8); /* 117 times zero */
  sink_put(sink, 0, 4);                         /* one, one; one, one */
  sink_put(sink, 1, 1);                         /* the end */
}

Code deflate_align(Sink *sink, int phase) {
  if (sink_reserve(sink, 64)) return NO_MEMORY;
  if ((phase - sink->count) & 1) put_odd(sink);
  while ((phase - sink->count) & 7) sink_put(sink, 1 << 1, 10);
  return DONE;
}
