#include "runs.h"

#include <stdlib.h>
#include <string.h>

/* Write the MCUs of a row, the first with DC differences of 0, and note where each ends. */
static Code write_row(const Stencil *stencil, const Codes *codes, int row, Blocks *blocks,
                      Writer *writer, uint64_t *ends) {
  const Frame *frame = &stencil->frame;
  size_t many = (size_t)frame->blocks;
  int dc[MAX_COMPONENTS] = {0};
  Code code = blocks_reserve(blocks, many);
  for (int column = stencil->core_left; column < stencil->core_right && !code; column++) {
    stencil_paint(stencil, (int64_t)row * frame->across + column, blocks->data, blocks->kinds);
    for (int block = frame->blocks; column == stencil->core_left && block--;)
      dc[frame->owner[block]] = blocks->data[block][0];
    code = write_units(writer, frame, codes, blocks, NULL, 0, many, dc);
    *ends++ = writer_position(writer);
  }
  return code;
}

/* Take the stuffing out of what was written. */
static Code lay_bare(Runs *runs, Writer *writer) {
  Plain plain = {0};
  Code code = writer_reserve(writer, 16);
  if (code) return code;
  writer_pad(writer);
  code = plain_open(&plain, writer->data, writer->data + writer->size);
  if (!code) code = plain_finish(&plain);
  runs->data = plain.data;
  return code;
}

Code runs_make(Runs *runs, const Stencil *stencil, const Table *tables) {
  Codes codes[TABLES];
  Writer writer = {0};
  Blocks blocks = {0};
  int wide = stencil->core_right - stencil->core_left;
  int high = stencil->core_bottom - stencil->core_top;
  if (wide < 1 || high < 1) return DONE;
  for (int table = 0; table < TABLES; table++) codes[table] = tables[table].codes;
  runs->ends = malloc((size_t)wide * (size_t)high * sizeof *runs->ends);
  Code code = runs->ends ? DONE : NO_MEMORY;
  for (int row = 0; row < high && !code; row++)
    code = write_row(stencil, codes, stencil->core_top + row, &blocks, &writer,
                     runs->ends + (size_t)row * (size_t)wide);
  if (!code) code = lay_bare(runs, &writer);
  free(writer.data);
  blocks_clear(&blocks);
  return code == NO_CODE ? DONE : code;
}

void runs_clear(Runs *runs) {
  free(runs->data);
  free(runs->ends);
}
