#include "region.h"

#include <stdlib.h>
#include <string.h>

#include "planes.h"
#include "reduced.h"
#include "samples.h"

typedef struct {
  const Scan *scan;
  Plane planes[MAX_COMPONENTS];
  uint16_t steps[MAX_COMPONENTS][64]; /* by row and column */
  int sides[MAX_COMPONENTS];          /* samples that a block gives, across and down */
  int left, top, right, bottom; /* MCUs that the region needs */
} Job;

/* Lay out a plane. In a smaller picture it has a sample for each pixel. */
static Code open_plane(Job *job, const Region *region, int at) {
  const Frame *frame = job->scan->frame;
  const Component *component = frame->components + at;
  int side = region->by == 1 ? 8 : 8 * component->wide / region->by, full = region->by == 1;
  int wide = side * component->across, high = side * component->down;
  Plane plane = {.wide = full ? component->wide : 1, .high = full ? component->high : 1};
  if (!full && (component->wide != component->high || component->wide > 2)) return UNSUPPORTED;
  plane.x = job->left * wide, plane.y = job->top * high;
  plane.stride = (size_t)(job->right - job->left) * (size_t)wide;
  plane.width = region_side(frame->width, full ? component->wide : region->by);
  plane.height = region_side(frame->height, full ? component->high : region->by);
  plane.data = malloc(plane.stride * (size_t)(job->bottom - job->top) * (size_t)high);
  if (!plane.data) return NO_MEMORY;
  job->planes[at] = plane;
  job->sides[at] = side;
  for (int place = 0; place < 64; place++)
    job->steps[at][NATURAL[place]] = component->steps[place];
  return DONE;
}

static Code open_planes(Job *job, const Region *region) {
  const Frame *frame = job->scan->frame;
  int unit_wide = frame->unit_wide / region->by, unit_high = frame->unit_high / region->by;
  int width = region_side(frame->width, region->by), height = region_side(frame->height, region->by);
  int reach_wide = region->by == 1 ? unit_wide / 4 : 0; /* two chroma samples */
  int reach_high = region->by == 1 ? unit_high / 4 : 0;
  int left = region->x - reach_wide, top = region->y - reach_high;
  int right = region->x + region->width + reach_wide;
  int bottom = region->y + region->height + reach_high;
  Code code = DONE;
  job->left = left < 0 ? 0 : left / unit_wide;
  job->top = top < 0 ? 0 : top / unit_high;
  job->right = right > width ? frame->across : (right - 1) / unit_wide + 1;
  job->bottom = bottom > height ? frame->down : (bottom - 1) / unit_high + 1;
  for (int at = 0; !code && at < frame->count; at++) code = open_plane(job, region, at);
  return code;
}

/* Put the samples of an MCU into the planes. */
static void place_unit(Job *job, int column, int row, int16_t (*blocks)[64]) {
  const Frame *frame = job->scan->frame;
  for (int owner = 0, block = 0; owner < frame->count; owner++) {
    const Component *component = frame->components + owner;
    Plane *plane = job->planes + owner;
    int side = job->sides[owner];
    for (int each = 0; each < component->across * component->down; each++, block++) {
      int x = side * (column * component->across + each % component->across) - plane->x;
      int y = side * (row * component->down + each / component->across) - plane->y;
      uint8_t *out = plane->data + (size_t)y * plane->stride + (size_t)x;
      if (side == 8)
        samples_of(blocks[block], job->steps[owner], out, plane->stride);
      else
        reduced_of(blocks[block], job->steps[owner], side, out, plane->stride);
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
