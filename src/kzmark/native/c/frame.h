/* Size and components of a JPEG with one interleaved scan, and how they lie in MCUs. */
#ifndef KZMARK_FRAME_H
#define KZMARK_FRAME_H

#include <stdint.h>

#include "code.h"

enum { MAX_COMPONENTS = 4, MAX_BLOCKS = 10, MAX_SAMPLING = 4, COMPONENT_BYTES = 132 };

typedef struct {
  int across, down; /* sampling factors */
  int wide, high;   /* pixels of a sample */
  int dc, ac;       /* tables, 0 to 7 */
  uint16_t steps[64]; /* quantisation, in zigzag order */
} Component;

typedef struct {
  int width, height; /* pixels */
  int count;         /* components */
  Component components[MAX_COMPONENTS];
  int unit_wide, unit_high;  /* pixels of an MCU */
  int across, down;          /* MCUs of the picture */
  int blocks;                /* of an MCU */
  uint8_t owner[MAX_BLOCKS]; /* component of each */
} Frame;

/* Place in zigzag order → row * 8 + column (T.81, figure A.6). */
extern const uint8_t NATURAL[64];

/* Lay out a frame. `parts` holds for each component its sampling factors, the numbers of its DC and
   AC table, 0 to 3, and 64 quantisation steps of two bytes, the high one first, in zigzag order. */
Code frame_lay_out(Frame *frame, int width, int height, const uint8_t *parts, int count);

static inline int64_t frame_total(const Frame *frame) {
  return (int64_t)frame->across * frame->down;
}

#endif
