#include "region.h"

#include <stdlib.h>
#include <string.h>

#include "planes.h"
#include "samples.h"

typedef struct {
  const Scan *scan;
  Plane planes[MAX_COMPONENTS];
  uint16_t steps[MAX_COMPONENTS][64]; /* by row and column */
  int left, top, right, bottom; /* MCUs that the region needs */
} Job;

static Code open_planes(Job *job, const Region *region) {
  const Frame *frame = job->scan->frame;
  int reach_wide = frame->unit_wide / 4, reach_high = frame->unit_high / 4; /* two chroma samples */
  int left = region->x - reach_wide, top = region->y - reach_high;
  int right = region->x + region->width + reach_wide;
  int bottom = region->y + region->height + reach_high;
  job->left = left < 0 ? 0 : left / frame->unit_wide;
  job->top = top < 0 ? 0 : top / frame->unit_high;
  job->right = right > frame->width ? frame->across : (right - 1) / frame->unit_wide + 1;
  job->bottom = bottom > frame->height ? frame->down : (bottom - 1) / frame->unit_high + 1;
  for (int at = 0; at < frame->count; at++) {
    const Component *component = frame->components + at;
    int wide = 8 * component->across, high = 8 * component->down;
    Plane plane = {.wide = component->wide, .high = component->high};
    plane.x = job->left * wide, plane.y = job->top * high;
    plane.stride = (size_t)(job->right - job->left) * (size_t)wide;
    plane.width = (frame->width + component->wide - 1) / component->wide;
    plane.height = (frame->height + component->high - 1) / component->high;
    plane.data = malloc(plane.stride * (size_t)(job->bottom - job->top) * (size_t)high);
    if (!plane.data) return NO_MEMORY;
    job->planes[at] = plane;
    for (int place = 0; place < 64; place++)
      job->steps[at][NATURAL[place]] = component->steps[place];
  }
  return DONE;
}

/* Put the samples of an MCU into the planes. */
static void place_unit(Job *job, int column, int row, int16_t (*blocks)[64]) {
  const Frame *frame = job->scan->frame;
  for (int owner = 0, block = 0; owner < frame->count; owner++) {
    const Component *component = frame->components + owner;
    Plane *plane = job->planes + owner;
    for (int each = 0; each < component->across * component->down; each++, block++) {
      int x = 8 * (column * component->across + each % component->across) - plane->x;
      int y = 8 * (row * component->down + each / component->across) - plane->y;
      samples_of(blocks[block], job->steps[owner],
                 plane->data + (size_t)y * plane->stride + (size_t)x, plane->stride);
    }
  }
}

static Code decode_interval(Job *job, int64_t interval) {
  Cursor cursor;
  int16_t blocks[MAX_BLOCKS][64];
  uint8_t all[MAX_BLOCKS];
  int64_t across = job->scan->frame->across;
  Code code = cursor_open(&cursor, job->scan, interval);
  memset(all, 1, sizeof all);
  for (int64_t row = cursor.at / across; !code && row < job->bottom; row++) {
    int64_t first = row * across + job->left, last = row * across + job->right;
    if (row < job->top || last <= cursor.at) continue;
    if (first >= cursor.end) break;
    if (last > cursor.end) last = cursor.end;
    code = cursor_skip(&cursor, first);
    while (!code && cursor.at < last) {
      int column = (int)(cursor.at - row * across);
      code = cursor_read(&cursor, all, blocks, NULL);
      if (!code) place_unit(job, column, (int)row, blocks);
    }
  }
  if (!code) code = cursor_spare(&cursor);
  cursor_close(&cursor);
  return code;
}

Code region_decode(const Region *region, const Scan *scan, uint8_t *out) {
  Job job = {.scan = scan};
  int64_t across = scan->frame->across;
  Code code = open_planes(&job, region);
  int64_t first = job.top * across + job.left;
  int64_t last = (job.bottom - 1) * across + job.right - 1;
  for (int64_t at = first / scan->interval; !code && at <= last / scan->interval; at++)
    code = decode_interval(&job, at);
  if (!code) code = planes_show(job.planes, region, scan->frame->count, out);
  for (int at = 0; at < scan->frame->count; at++) free(job.planes[at].data);
  return code;
}
