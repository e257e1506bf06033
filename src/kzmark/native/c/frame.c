#include "frame.h"

#include <string.h>

#include "huffman.h"

const uint8_t NATURAL[64] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

static Code take_component(Component *component, const uint8_t *part, int alone) {
  component->across = alone ? 1 : part[0]; /* alone, blocks are not interleaved */
  component->down = alone ? 1 : part[1];
  if (component->across < 1 || component->across > MAX_SAMPLING) return DAMAGED;
  if (component->down < 1 || component->down > MAX_SAMPLING) return DAMAGED;
  if (part[2] > 3 || part[3] > 3) return DAMAGED;
  component->dc = part[2];
  component->ac = AC_TABLES + part[3];
  for (int at = 0; at < 64; at++) {
    component->steps[at] = (uint16_t)(part[4 + 2 * at] << 8 | part[5 + 2 * at]);
    if (!component->steps[at]) return DAMAGED;
  }
  return DONE;
}

Code frame_lay_out(Frame *frame, int width, int height, const uint8_t *parts, int count) {
  int most_across = 1, most_down = 1;
  memset(frame, 0, sizeof *frame);
  if (count < 1 || count > MAX_COMPONENTS) return UNSUPPORTED;
  if (width < 1 || height < 1 || width > 65535 || height > 65535) return DAMAGED;
  frame->width = width, frame->height = height, frame->count = count;
  for (int at = 0; at < count; at++) {
    Component *component = frame->components + at;
    Code code = take_component(component, parts + COMPONENT_BYTES * at, count == 1);
    if (code) return code;
    if (component->across > most_across) most_across = component->across;
    if (component->down > most_down) most_down = component->down;
    for (int each = 0; each < component->across * component->down; each++) {
      if (frame->blocks == MAX_BLOCKS) return UNSUPPORTED;
      frame->owner[frame->blocks++] = (uint8_t)at;
    }
  }
  for (int at = 0; at < count; at++) {
    Component *component = frame->components + at;
    if (most_across % component->across || most_down % component->down) return UNSUPPORTED;
    component->wide = most_across / component->across;
    component->high = most_down / component->down;
  }
  frame->unit_wide = 8 * most_across;
  frame->unit_high = 8 * most_down;
  frame->across = (width + frame->unit_wide - 1) / frame->unit_wide;
  frame->down = (height + frame->unit_high - 1) / frame->unit_high;
  return DONE;
}
