#include "stencil.h"

#include <stdlib.h>
#include <string.h>

#include "transform.h"

/* Find which MCUs the plate reaches, and which of them wholly. */
static void find_units(Stencil *stencil, const Plate *plate) {
  const Frame *frame = &stencil->frame;
  int wide = frame->unit_wide, high = frame->unit_high;
  stencil->left = plate->x / wide;
  stencil->top = plate->y / high;
  stencil->right = (plate->right + wide - 1) / wide;
  stencil->bottom = (plate->bottom + high - 1) / high;
  stencil->core_left = (plate->x + wide - 1) / wide;
  stencil->core_top = (plate->y + high - 1) / high;
  stencil->core_right = plate->right / wide;
  stencil->core_bottom = plate->bottom / high;
  if (stencil->core_left < stencil->core_right) return;
  stencil->core_bottom = stencil->core_top; /* no core */
}

/* Room for one more of `size` bytes each. */
static Code room_for_one(void **data, size_t count, size_t *room, size_t size) {
  if (count < *room) return DONE;
  size_t more = 2 * *room + 64;
  void *moved = realloc(*data, more * size);
  if (!moved) return NO_MEMORY;
  *data = moved;
  *room = more;
  return DONE;
}

static int is_flat(float samples[8][8]) {
  for (int at = 1; at < 64; at++)
    if (samples[at / 8][at % 8] != samples[0][0]) return 0;
  return 1;
}

static void make_flat(Stencil *stencil, size_t at, int owner, float sample) {
  stencil->kinds[at] = FLAT;
  stencil->places[at] = (uint16_t)transform_flat(sample, stencil->shares[owner][0]);
}

static int is_all(const float shares[8]) {
  for (int at = 0; at < 8; at++)
    if (shares[at] < 1) return 0;
  return 1;
}

static void make_mix(const Stencil *stencil, const Plate *plate, int owner, int x, int y,
                     Mix *mix) {
  Overlap overlap;
  plate_overlap(plate, &stencil->frame, owner, x, y, &overlap);
  mix->all_rows = is_all(overlap.rows);
  mix->all_columns = is_all(overlap.columns);
  transform_factors(overlap.rows, mix->rows);
  transform_factors(overlap.columns, mix->columns);
  transform_forward(overlap.add);
  memcpy(mix->gain, overlap.add, sizeof mix->gain);
}

static Code make_block(Stencil *stencil, const Plate *plate, size_t at, int owner, int x, int y) {
  const Component *component = stencil->frame.components + owner;
  Cover cover = plate_cover(plate, x, y, 8 * component->wide, 8 * component->high);
  Code code = DONE;
  stencil->kinds[at] = KEPT;
  if (cover == PARTLY) {
    code = room_for_one((void **)&stencil->mixes, stencil->mixes_count, &stencil->mixes_room,
                        sizeof *stencil->mixes);
    if (code) return code;
    stencil->kinds[at] = MIXED;
    stencil->places[at] = (uint32_t)stencil->mixes_count;
    make_mix(stencil, plate, owner, x, y, stencil->mixes + stencil->mixes_count++);
  } else if (cover == INSIDE) {
    float samples[8][8];
    plate_samples(plate, &stencil->frame, owner, x, y, samples);
    if (is_flat(samples)) {
      make_flat(stencil, at, owner, samples[0][0]);
      return DONE;
    }
    code = room_for_one((void **)&stencil->painted, stencil->painted_count, &stencil->painted_room,
                        sizeof *stencil->painted);
    if (code) return code;
    stencil->kinds[at] = PAINTED;
    stencil->places[at] = (uint32_t)stencil->painted_count;
    transform_forward(samples);
    transform_quantise(samples[0], stencil->shares[owner],
                       stencil->painted[stencil->painted_count++]);
  }
  return code;
}

/* Find what the plate makes of the MCU in a column and a row; its first block is the one at `at`. */
static Code make_unit(Stencil *stencil, const Plate *plate, size_t at, int column, int row) {
  const Frame *frame = &stencil->frame;
  int64_t unit = (int64_t)row * frame->across + column;
  Code code = DONE;
  if (stencil_is_core(stencil, unit)) { /* most of a plate has one colour */
    const uint8_t *colour = plate_colour(plate, column * frame->unit_wide, row * frame->unit_high,
                                         frame->unit_wide, frame->unit_high);
    for (int block = 0; colour && block < frame->blocks; block++)
      make_flat(stencil, at++, frame->owner[block],
                plate_sample(plate, frame->owner[block], colour));
    if (colour) return DONE;
  }
  for (int owner = 0; owner < frame->count; owner++) {
    const Component *component = frame->components + owner;
    for (int each = 0; each < component->across * component->down && !code; each++) {
      int x = (column * component->across + each % component->across) * 8 * component->wide;
      int y = (row * component->down + each / component->across) * 8 * component->high;
      code = make_block(stencil, plate, at++, owner, x, y);
    }
  }
  return code;
}

Code stencil_make(Stencil *stencil, const Plate *given) {
  Plate plate = *given;
  const Frame *frame = &stencil->frame;
  plate_settle(&plate, frame);
  find_units(stencil, &plate);
  for (int at = 0; at < 64 * frame->count; at++) {
    float step = (float)frame->components[at / 64].steps[at % 64];
    stencil->steps[at / 64][NATURAL[at % 64]] = step;
    stencil->shares[at / 64][NATURAL[at % 64]] = 1.0f / step;
  }
  size_t count = (size_t)(stencil->right - stencil->left) *
                 (size_t)(stencil->bottom - stencil->top) * (size_t)frame->blocks;
  stencil->kinds = malloc(count);
  stencil->places = malloc(count * sizeof *stencil->places);
  Code code = stencil->kinds && stencil->places ? DONE : NO_MEMORY;
  size_t at = 0;
  for (int row = stencil->top; row < stencil->bottom; row++)
    for (int column = stencil->left; column < stencil->right && !code; column++) {
      code = make_unit(stencil, &plate, at, column, row);
      at += (size_t)frame->blocks;
    }
  return code;
}

void stencil_clear(Stencil *stencil) {
  free(stencil->kinds);
  free(stencil->places);
  free(stencil->painted);
  free(stencil->mixes);
}

/* Lay the plate over part of a block. */
static void mix_block(const Stencil *stencil, int owner, const Mix *mix, int16_t *block) {
  float values[8][8], half[8][8], lost[8][8];
  transform_scale(block, stencil->steps[owner], values[0]);
  memcpy(half, values, sizeof half);
  if (!mix->all_rows) transform_multiply(half, mix->rows, values);
  memcpy(lost, half, sizeof lost);
  if (!mix->all_columns) transform_multiply(lost, half, mix->columns);
  const float *less = lost[0], *more = mix->gain[0];
  float *value = values[0];
  for (int at = 0; at < 64; at++) value[at] += more[at] - less[at];
  transform_quantise(values[0], stencil->shares[owner], block);
}

const uint8_t *stencil_kinds(const Stencil *stencil, int64_t unit) {
  int row = (int)(unit / stencil->frame.across) - stencil->top;
  int column = (int)(unit % stencil->frame.across) - stencil->left;
  size_t at = (size_t)row * (size_t)(stencil->right - stencil->left) + (size_t)column;
  return stencil->kinds + at * (size_t)stencil->frame.blocks;
}

void stencil_paint(const Stencil *stencil, int64_t unit, int16_t (*blocks)[64], uint8_t *kinds) {
  const Frame *frame = &stencil->frame;
  size_t at = (size_t)(stencil_kinds(stencil, unit) - stencil->kinds);
  for (int block = 0; block < frame->blocks; block++, at++) {
    uint32_t place = stencil->places[at];
    kinds[block] = stencil->kinds[at];
    if (kinds[block] == PAINTED) {
      memcpy(blocks[block], stencil->painted[place], sizeof *blocks);
    } else if (kinds[block] == FLAT) {
      memset(blocks[block], 0, sizeof *blocks);
      blocks[block][0] = (int16_t)place;
    } else if (kinds[block] == MIXED) {
      mix_block(stencil, frame->owner[block], stencil->mixes + place, blocks[block]);
      kinds[block] = PAINTED;
    }
  }
}
