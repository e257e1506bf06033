#include "splice.h"

#include <stdlib.h>
#include <string.h>

#include "job.h"

enum { SHORT = 512 }; /* MCUs that are sooner read through than their phase is met */

static Code survey_pieces(const Job *job, Survey *survey) {
  memset(survey, 0, sizeof *survey);
  for (size_t at = 0; at < job->count; at++) {
    const Piece *piece = job->pieces + at;
    int dc[MAX_COMPONENTS];
    memcpy(dc, piece->dc, sizeof dc);
    Code code =
        survey_units(survey, &job->stencil->frame, &job->blocks, piece->first, piece->last, dc);
    if (code) return code;
  }
  return DONE;
}

/* Have codes for all units; say how many bits they take. */
static Code find_codes(Job *job, uint64_t *bits) {
  Splice *splice = job->splice;
  Survey survey;
  int fitted = 0;
  Code code = survey_pieces(job, &survey);
  if (!code)
    code = provide_codes(&survey, &job->stencil->frame, splice->codes, &job->blocks,
                         &splice->grown, &fitted);
  if (!code && fitted) code = survey_pieces(job, &survey);
  if (!code) *bits = survey_bits(&survey, splice->codes) + kept_bits(&job->blocks, 0, job->blocks.count);
  return code;
}

/* Where in the file a plain byte of the interval stands. */
static size_t place_of(const Job *job, size_t plain) {
  int64_t interval = (job->cursor.end - 1) / job->scan->interval;
  return job->scan->edges[interval] + plain_stuffed(&job->cursor.plain, plain);
}

/* Take over the bytes in front of the first units, up to the byte in which they begin. */
static Code write_front(Job *job) {
  Splice *splice = job->splice;
  Writer *writer = &splice->coded;
  uint64_t bit = job->pieces[0].to;
  size_t place = place_of(job, (size_t)(bit >> 3));
  Code code = DONE;
  if (!job->begun)
    splice->from = splice->to = place;
  else
    code = writer_raw(writer, job->scan->data + splice->to, place - splice->to);
  job->begun = 1;
  writer->bits = 0;
  writer->count = (int)(bit & 7);
  if (writer->count)
    writer->bits = job->cursor.plain.data[bit >> 3] >> (8 - writer->count);
  return code;
}

static Code write_piece(Job *job, const Piece *piece) {
  Writer *writer = &job->splice->coded;
  int dc[MAX_COMPONENTS];
  if (piece->kind == GAP)
    return writer_copy(writer, job->cursor.plain.data, piece->from, piece->to - piece->from);
  if (piece->kind == RUN)
    return writer_copy(writer, job->runs->data, piece->from, piece->to - piece->from);
  memcpy(dc, piece->dc, sizeof dc);
  return write_units(writer, &job->stencil->frame, job->splice->codes, &job->blocks,
                     job->cursor.plain.data, piece->first, piece->last, dc);
}

/* The rest of the interval as it stands in the file, whose bits have the same phase. */
static Code leave_tail(Job *job) {
  Writer *writer = &job->splice->coded;
  size_t byte = (size_t)(job->tail >> 3);
  Code code = cursor_spare(&job->cursor);
  if (code) return code;
  writer_flush(writer);
  if (writer->count) {
    uint32_t rest = job->cursor.plain.data[byte++] & (0xFFu >> writer->count);
    writer_put(writer, rest, 8 - writer->count);
    writer_flush(writer);
  }
  job->splice->to = place_of(job, byte);
  return DONE;
}

/* The rest of the interval at another phase: it must be read to know where its padding begins. */
static Code move_tail(Job *job) {
  Writer *writer = &job->splice->coded;
  Code code = cursor_skip(&job->cursor, job->cursor.end);
  if (!code) code = cursor_finish(&job->cursor);
  if (code) return code;
  uint64_t end = cursor_position(&job->cursor);
  code = writer_copy(writer, job->cursor.plain.data, job->tail, end - job->tail);
  if (!code) code = writer_reserve(writer, 16);
  if (code) return code;
  writer_pad(writer);
  job->splice->to = place_of(job, job->cursor.plain.size);
  return DONE;
}

/* By how many bits, modulo 8, the phase will miss that of the tail. */
static int missing_bits(const Job *job, uint64_t bits) {
  bits += job->pieces[0].to;
  for (size_t at = 1; at < job->count; at++) bits += job->pieces[at].to - job->pieces[at].from;
  return (int)((job->tail - bits) & 7);
}

static Code write_interval(Job *job, uint64_t bits) {
  Writer *writer = &job->splice->coded;
  int64_t rest = job->cursor.end - job->cursor.at;
  int missing = missing_bits(job, bits);
  if (rest > SHORT && missing) job_meet_phase(job, missing);
  Code code = write_front(job);
  for (size_t at = 1; at < job->count && !code; at++) code = write_piece(job, job->pieces + at);
  if (!code) code = writer_reserve(writer, 16);
  if (code) return code;
  if (rest <= SHORT || ((job->tail - (uint64_t)writer->count) & 7)) return move_tail(job);
  return leave_tail(job);
}

static Code splice_interval(Job *job, int64_t interval) {
  uint64_t bits = 0;
  job->count = 0;
  job->blocks.count = 0;
  job->tail = 0;
  Code code = cursor_open(&job->cursor, job->scan, interval);
  if (!code) code = job_take(job);
  if (!code && job->count) code = find_codes(job, &bits);
  if (!code && job->count) code = write_interval(job, bits);
  cursor_close(&job->cursor);
  return code;
}

Code splice_plate(Splice *splice, const Scan *scan, const Stencil *stencil, const Runs *runs) {
  Job job = {.scan = scan, .stencil = stencil, .runs = runs, .splice = splice};
  int64_t across = stencil->frame.across;
  int64_t first = stencil->top * across + stencil->left;
  int64_t last = (stencil->bottom - 1) * across + stencil->right - 1;
  Code code = DONE;
  for (int table = 0; table < TABLES; table++) splice->codes[table] = scan->tables[table].codes;
  for (int64_t at = first / scan->interval; !code && at <= last / scan->interval; at++)
    code = splice_interval(&job, at);
  blocks_clear(&job.blocks);
  free(job.pieces);
  return code;
}

void splice_clear(Splice *splice) {
  free(splice->coded.data);
  splice->coded = (Writer){0};
}
