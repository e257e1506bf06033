#include <stdlib.h>
#include <string.h>

#include "job.h"

enum {
  FIRST_ROOM = 4, /* pieces that there is memory for at first */
  LOOSE = 16      /* MCUs of the loose row that do not come from the runs */
};

static Code add_piece(Job *job, Piece piece) {
  if (job->count == job->room) {
    size_t room = 2 * job->room + FIRST_ROOM;
    Piece *pieces = realloc(job->pieces, room * sizeof *pieces);
    if (!pieces) return NO_MEMORY;
    job->pieces = pieces;
    job->room = room;
  }
  piece.first = piece.last = job->blocks.count;
  job->pieces[job->count++] = piece;
  return DONE;
}

/* Leave what the cursor passed, and go on with units. */
static Code add_gap(Job *job) {
  Piece units = {.kind = UNITS};
  Code code = add_piece(
      job, (Piece){.kind = GAP, .from = job->tail, .to = cursor_position(&job->cursor)});
  for (int at = 0; at < job->stencil->frame.count; at++) {
    if (job->cursor.dc[at] + 2048 > 4095) return DAMAGED;
    units.dc[at] = (int)(int32_t)job->cursor.dc[at];
  }
  return code ? code : add_piece(job, units);
}

/* Take the next MCU over, painted or as it is. */
static Code take_unit(Job *job, int painted) {
  size_t many = (size_t)job->stencil->frame.blocks;
  int64_t unit = job->cursor.at;
  uint8_t mixed[MAX_BLOCKS] = {0};
  Code code = blocks_reserve(&job->blocks, many);
  if (code) return code;
  int16_t(*blocks)[64] = job->blocks.data + job->blocks.count;
  uint8_t *kinds = job->blocks.kinds + job->blocks.count;
  for (size_t at = 0; painted && at < many; at++)
    mixed[at] = stencil_kinds(job->stencil, unit)[at] == MIXED;
  code = cursor_read(&job->cursor, mixed, blocks, job->blocks.spans + job->blocks.count);
  if (code) return code;
  memset(kinds, KEPT, many);
  if (painted) stencil_paint(job->stencil, unit, blocks, kinds);
  job->blocks.count += many;
  job->pieces[job->count - 1].last = job->blocks.count;
  return DONE;
}

/* Behind an MCU of the core, take those that follow it in its row from the runs. */
static Code take_run(Job *job, int64_t end) {
  const Stencil *stencil = job->stencil;
  int64_t across = stencil->frame.across, row = (job->cursor.at - 1) / across;
  int64_t stop = row * across + stencil->core_right;
  Piece run = {.kind = RUN}, units = {.kind = UNITS};
  int16_t blocks[MAX_BLOCKS][64];
  uint8_t kinds[MAX_BLOCKS];
  if (stop > end) stop = end;
  if (row == job->loose) stop -= LOOSE;
  if (!job->runs->data || job->cursor.at >= stop) return DONE;
  run.from = runs_end(job->runs, stencil, job->cursor.at - 1);
  run.to = runs_end(job->runs, stencil, stop - 1);
  stencil_paint(stencil, stop - 1, blocks, kinds);
  for (int block = 0; block < stencil->frame.blocks; block++)
    units.dc[stencil->frame.owner[block]] = blocks[block][0];
  Code code = cursor_skip(&job->cursor, stop);
  if (!code) code = add_piece(job, run);
  return code ? code : add_piece(job, units);
}

/* Take over the MCUs of one row, from `first` to `end`, and the next one, whose DC differences
   begin anew, unless the row below follows at once. */
static Code take_row(Job *job, int64_t first, int64_t end, int follows) {
  Code code = DONE;
  if (!job->count || job->cursor.at < first) {
    code = cursor_skip(&job->cursor, first);
    if (!code) code = add_gap(job);
  }
  while (!code && job->cursor.at < end) {
    int core = stencil_is_core(job->stencil, job->cursor.at);
    code = take_unit(job, 1);
    if (!code && core) code = take_run(job, end);
  }
  if (!code && !follows && job->cursor.at < job->cursor.end) code = take_unit(job, 0);
  job->tail = cursor_position(&job->cursor);
  return code;
}

Code job_take(Job *job) {
  const Stencil *stencil = job->stencil;
  int across = stencil->frame.across, whole = stencil->right - stencil->left == across;
  int64_t begin = job->cursor.at, end = job->cursor.end;
  int row = (int)(begin / across), stop = (int)((end - 1) / across) + 1;
  job->loose = (stop < stencil->core_bottom ? stop : stencil->core_bottom) - 1;
  for (row = row > stencil->top ? row : stencil->top; row < stop && row < stencil->bottom; row++) {
    int64_t first = (int64_t)row * across + stencil->left;
    int64_t last = (int64_t)row * across + stencil->right;
    if (first < begin) first = begin;
    if (last > end) last = end;
    if (first >= last) continue;
    Code code = take_row(job, first, last, whole && row + 1 < stencil->bottom && last < end);
    if (code) return code;
  }
  return DONE;
}
