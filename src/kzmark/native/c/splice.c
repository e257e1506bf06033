#include "splice.h"

#include <stdlib.h>
#include <string.h>

enum {
  SHORT = 512,    /* MCUs that are sooner read through than their phase is met */
  MAX_STEP = 24,  /* quantisation steps that may be added: four levels of the sample at most */
  PHASE_PLACES = 9,
  FIRST_ROOM = 4  /* stretches that there is memory for at first */
};

/* MCUs written anew, and the bits of the file in front of them that stay. */
typedef struct {
  uint64_t gap_from, gap_to;
  int dc[MAX_COMPONENTS]; /* of the blocks in front of it */
  size_t first, last;     /* its blocks */
} Stretch;

typedef struct {
  const Scan *scan;
  const Plate *plate;
  int left, top, right, bottom; /* MCUs that the plate reaches */
  Splice *splice;
  int begun;
  Cursor cursor; /* of one interval, as all below */
  Blocks blocks;
  Stretch *stretches;
  size_t count, room;
  uint64_t tail; /* where the first bit behind the last stretch stands */
  uint64_t bits; /* that the blocks take */
} Job;

static Code add_stretch(Job *job) {
  if (job->count == job->room) {
    size_t room = 2 * job->room + FIRST_ROOM;
    Stretch *stretches = realloc(job->stretches, room * sizeof *stretches);
    if (!stretches) return NO_MEMORY;
    job->stretches = stretches;
    job->room = room;
  }
  Stretch *stretch = job->stretches + job->count++;
  *stretch = (Stretch){.gap_from = job->tail, .gap_to = reader_position(&job->cursor.reader)};
  stretch->first = stretch->last = job->blocks.count;
  for (int at = 0; at < job->scan->count; at++) {
    if (job->cursor.dc[at] + 2048 > 4095) return DAMAGED;
    stretch->dc[at] = (int)(int32_t)job->cursor.dc[at];
  }
  return DONE;
}

/* Take the next MCU over, painted where the plate reaches it. */
static Code take_unit(Job *job, const Plate *plate) {
  size_t many = (size_t)job->scan->blocks;
  int64_t unit = job->cursor.at;
  Code code = blocks_reserve(&job->blocks, many);
  if (code) return code;
  int16_t(*blocks)[64] = job->blocks.data + job->blocks.count;
  uint8_t *kinds = job->blocks.kinds + job->blocks.count;
  if (plate && plate_cover_unit(plate, job->scan, unit) == INSIDE)
    code = cursor_skip(&job->cursor, unit + 1);
  else
    code = cursor_read(&job->cursor, blocks);
  if (code) return code;
  if (plate)
    plate_paint(plate, job->scan, unit, blocks, kinds);
  else
    memset(kinds, KEPT, many);
  job->blocks.count += many;
  return DONE;
}

/* Take over the MCUs of one row, from `first` to `end`, and the next one, whose DC differences
   begin anew, unless the row below follows at once. */
static Code take_row(Job *job, int64_t first, int64_t end, int follows) {
  Code code = DONE;
  if (!job->count || job->cursor.at < first) {
    if ((code = cursor_skip(&job->cursor, first))) return code;
    if ((code = add_stretch(job))) return code;
  }
  while (!code && job->cursor.at < end) code = take_unit(job, job->plate);
  if (!code && !follows && job->cursor.at < job->cursor.end) code = take_unit(job, NULL);
  if (code) return code;
  job->stretches[job->count - 1].last = job->blocks.count;
  job->tail = reader_position(&job->cursor.reader);
  return DONE;
}

/* Take over all that the plate reaches of one interval. */
static Code take_interval(Job *job) {
  int across = job->scan->across, whole = job->right - job->left == across;
  int64_t begin = job->cursor.at, end = job->cursor.end;
  int row = (int)(begin / across), stop = (int)((end - 1) / across) + 1;
  for (row = row > job->top ? row : job->top; row < stop && row < job->bottom; row++) {
    int64_t first = (int64_t)row * across + job->left, last = (int64_t)row * across + job->right;
    if (first < begin) first = begin;
    if (last > end) last = end;
    if (first >= last) continue;
    Code code = take_row(job, first, last, whole && row + 1 < job->bottom && last < end);
    if (code) return code;
  }
  return DONE;
}

static Code survey_stretches(const Job *job, Survey *survey) {
  memset(survey, 0, sizeof *survey);
  for (size_t at = 0; at < job->count; at++) {
    const Stretch *stretch = job->stretches + at;
    int dc[MAX_COMPONENTS];
    memcpy(dc, stretch->dc, sizeof dc);
    Code code = survey_units(survey, job->scan, &job->blocks, stretch->first, stretch->last, dc);
    if (code) return code;
  }
  return DONE;
}

static Code find_codes(Job *job) {
  Survey survey;
  int fitted = 0;
  Code code = survey_stretches(job, &survey);
  if (!code)
    code = provide_codes(&survey, job->scan, &job->blocks, job->plate ? job->plate->steps : NULL,
                         &job->splice->grown, &fitted);
  if (!code && fitted) code = survey_stretches(job, &survey);
  if (!code) job->bits = survey_bits(&survey, job->scan);
  return code;
}

/* Where in the file a plain byte of the interval stands. */
static size_t place_of(const Job *job, size_t plain) {
  int64_t interval = (job->cursor.end - 1) / job->scan->interval;
  return job->scan->edges[interval] + plain_stuffed(&job->cursor.plain, plain);
}

/* Take over the bytes in front of the first stretch, up to the byte in which it begins. */
static Code write_front(Job *job) {
  Splice *splice = job->splice;
  Writer *writer = &splice->coded;
  uint64_t bit = job->stretches[0].gap_to;
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

static Code write_stretches(Job *job) {
  Writer *writer = &job->splice->coded;
  for (size_t at = 0; at < job->count; at++) {
    const Stretch *stretch = job->stretches + at;
    int dc[MAX_COMPONENTS];
    Code code = DONE;
    if (at)
      code = writer_copy(writer, &job->cursor.plain, stretch->gap_from,
                         stretch->gap_to - stretch->gap_from);
    memcpy(dc, stretch->dc, sizeof dc);
    if (!code)
      code = write_units(writer, job->scan, &job->blocks, stretch->first, stretch->last, dc);
    if (code) return code;
  }
  return DONE;
}

/* So many blocks get a one at a place, so many at another. */
typedef struct {
  int first, many, second, more;
  unsigned cost;
} Shift;

/* Find the faintest ones to add to `room` flat blocks of a component that lengthen it by `bits`
   modulo 8. Each is a code and a sign in front of the end of block. */
static Shift find_shift(const Table *table, const uint16_t *steps, size_t room, int bits) {
  Shift best = {.cost = UINT32_MAX};
  for (int first = 1; first <= PHASE_PLACES; first++) {
    int one = table->size[(first - 1) << 4 | 1];
    if (!one || steps[first] > MAX_STEP) continue;
    for (int second = first; second <= PHASE_PLACES; second++) {
      int other = table->size[(second - 1) << 4 | 1];
      if (!other || steps[second] > MAX_STEP) continue;
      for (int many = 0; many < 8; many++)
        for (int more = second > first ? 0 : 7; more < 8; more++) {
          int extra = second > first ? more : 0;
          unsigned cost = (unsigned)(many * steps[first] + extra * steps[second]);
          if ((size_t)(many + extra) > room || cost >= best.cost) continue;
          if (((many * (one + 1) + extra * (other + 1)) & 7) != bits) continue;
          best = (Shift){first, many, second, extra, cost};
        }
    }
  }
  return best;
}

/* Put the ones into flat blocks, the last ones first. */
static void apply_shift(Job *job, int owner, Shift shift) {
  for (size_t at = job->blocks.count; at-- && shift.many + shift.more > 0;) {
    if (job->blocks.kinds[at] != FLAT) continue;
    if (job->scan->owner[at % (size_t)job->scan->blocks] != owner) continue;
    int place = shift.many > 0 ? shift.first : shift.second;
    *(shift.many > 0 ? &shift.many : &shift.more) -= 1;
    job->blocks.data[at][place] = 1;
    job->blocks.kinds[at] = PAINTED;
  }
}

/* Change flat blocks, if there are any, so that what is written grows by `bits` modulo 8. */
static void meet_phase(Job *job, int bits) {
  const Scan *scan = job->scan;
  size_t room[MAX_COMPONENTS] = {0};
  for (size_t at = 0; at < job->blocks.count; at++)
    room[scan->owner[at % (size_t)scan->blocks]] += job->blocks.kinds[at] == FLAT;
  for (int owner = 0; owner < scan->count; owner++) {
    const Table *table = scan->tables + scan->components[owner].ac;
    Shift shift = find_shift(table, job->plate->steps + 64 * owner, room[owner], bits);
    if (shift.cost == UINT32_MAX) continue;
    apply_shift(job, owner, shift);
    return;
  }
}

/* The rest of the interval as it stands in the file, whose bits have the same phase. */
static void leave_tail(Job *job) {
  Writer *writer = &job->splice->coded;
  size_t byte = (size_t)(job->tail >> 3);
  writer_flush(writer);
  if (writer->count) {
    uint32_t rest = job->cursor.plain.data[byte++] & (0xFFu >> writer->count);
    writer_put(writer, rest, 8 - writer->count);
    writer_flush(writer);
  }
  job->splice->to = place_of(job, byte);
}

/* The rest of the interval at another phase: it must be read to know where its padding begins. */
static Code move_tail(Job *job) {
  Writer *writer = &job->splice->coded;
  Code code = cursor_skip(&job->cursor, job->cursor.end);
  if (!code) code = cursor_finish(&job->cursor);
  if (code) return code;
  uint64_t end = reader_position(&job->cursor.reader);
  code = writer_copy(writer, &job->cursor.plain, job->tail, end - job->tail);
  if (!code) code = writer_reserve(writer, 16);
  if (code) return code;
  writer_pad(writer);
  job->splice->to = place_of(job, job->cursor.plain.size);
  return DONE;
}

/* By how many bits, modulo 8, the phase will miss that of the tail. */
static int missing_bits(const Job *job) {
  uint64_t bits = job->stretches[0].gap_to + job->bits;
  for (size_t at = 1; at < job->count; at++)
    bits += job->stretches[at].gap_to - job->stretches[at].gap_from;
  return (int)((job->tail - bits) & 7);
}

static Code write_interval(Job *job) {
  Writer *writer = &job->splice->coded;
  int64_t rest = job->cursor.end - job->cursor.at;
  int bits = missing_bits(job);
  if (rest > SHORT && bits) meet_phase(job, bits);
  Code code = write_front(job);
  if (!code) code = write_stretches(job);
  if (!code) code = writer_reserve(writer, 16);
  if (code) return code;
  if (rest <= SHORT || ((job->tail - (uint64_t)writer->count) & 7)) return move_tail(job);
  leave_tail(job);
  return DONE;
}

static Code splice_interval(Job *job, int64_t interval) {
  job->count = 0;
  job->blocks.count = 0;
  job->tail = 0;
  Code code = cursor_open(&job->cursor, job->scan, interval);
  if (!code) code = take_interval(job);
  if (!code && job->count) code = find_codes(job);
  if (!code && job->count) code = write_interval(job);
  cursor_close(&job->cursor);
  return code;
}

/* Whether an interval holds MCUs of the job. */
static int reaches(const Job *job, int64_t interval) {
  int64_t begin = interval * job->scan->interval, end = begin + job->scan->interval;
  int64_t across = job->scan->across, row = begin / across;
  if (end > scan_total(job->scan)) end = scan_total(job->scan);
  if (end - begin >= 2 * across) return 1;
  for (; row * across < end; row++)
    if (row >= job->top && row < job->bottom && row * across + job->left < end &&
        row * across + job->right > begin)
      return 1;
  return 0;
}

static void find_units(Job *job) {
  const Scan *scan = job->scan;
  job->left = job->plate->x / scan->unit_wide;
  job->top = job->plate->y / scan->unit_high;
  job->right = (job->plate->right + scan->unit_wide - 1) / scan->unit_wide;
  job->bottom = (job->plate->bottom + scan->unit_high - 1) / scan->unit_high;
}

Code splice_plate(Splice *splice, const Scan *scan, const Plate *given) {
  Plate plate = *given;
  Job job = {.scan = scan, .plate = &plate, .splice = splice};
  Code code = DONE;
  plate_settle(&plate, scan);
  find_units(&job);
  int64_t first = (int64_t)job.top * scan->across + job.left;
  int64_t last = (int64_t)(job.bottom - 1) * scan->across + job.right - 1;
  for (int64_t at = first / scan->interval; !code && at <= last / scan->interval; at++)
    if (reaches(&job, at)) code = splice_interval(&job, at);
  blocks_clear(&job.blocks);
  free(job.stretches);
  return code;
}

static Code crop_interval(Job *job, int64_t interval) {
  Code code = cursor_open(&job->cursor, job->scan, interval);
  int64_t across = job->scan->across, end = job->cursor.end;
  for (int64_t row = job->cursor.at / across; !code && row < job->bottom; row++) {
    int64_t first = row * across + job->left, last = row * across + job->right;
    if (row < job->top) continue;
    if (first >= end) break;
    if (job->cursor.at < first) code = cursor_skip(&job->cursor, first);
    while (!code && job->cursor.at < last && job->cursor.at < end) code = take_unit(job, NULL);
  }
  cursor_close(&job->cursor);
  return code;
}

Code splice_crop(Splice *splice, const Scan *scan, int left, int top, int right, int bottom) {
  Job job = {.scan = scan, .splice = splice};
  Stretch all = {0};
  int dc[MAX_COMPONENTS] = {0};
  Code code = DONE;
  job.left = left, job.top = top, job.right = right, job.bottom = bottom;
  int64_t first = (int64_t)top * scan->across + left;
  int64_t last = (int64_t)(bottom - 1) * scan->across + right - 1;
  for (int64_t at = first / scan->interval; !code && at <= last / scan->interval; at++)
    if (reaches(&job, at)) code = crop_interval(&job, at);
  all.last = job.blocks.count;
  job.stretches = &all;
  job.count = 1;
  if (!code) code = find_codes(&job);
  if (!code) code = write_units(&splice->coded, scan, &job.blocks, 0, job.blocks.count, dc);
  if (!code) code = writer_reserve(&splice->coded, 16);
  if (!code) writer_pad(&splice->coded);
  blocks_clear(&job.blocks);
  return code;
}

void splice_clear(Splice *splice) {
  free(splice->coded.data);
  splice->coded = (Writer){0};
}
