#include "job.h"

enum {
  MAX_STEP = 24,   /* quantisation steps that may be added: four levels of the sample at most */
  PHASE_PLACES = 9 /* of a block, from 1, that may be used */
};

/* So many blocks get a one at a place, so many at another. */
typedef struct {
  int first, many, second, more;
  unsigned cost;
} Shift;

/* Find the faintest ones to add to `room` flat blocks of a component that lengthen it by `bits`
   modulo 8. Each is a code and a sign in front of the end of block. */
static Shift find_shift(const Codes *codes, const uint16_t *steps, size_t room, int bits) {
  Shift best = {.cost = UINT32_MAX};
  for (int first = 1; first <= PHASE_PLACES; first++) {
    int one = codes->size[(first - 1) << 4 | 1];
    if (!one || steps[first] > MAX_STEP) continue;
    for (int second = first; second <= PHASE_PLACES; second++) {
      int other = codes->size[(second - 1) << 4 | 1];
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
  const Frame *frame = &job->stencil->frame;
  for (size_t at = job->blocks.count; at-- && shift.many + shift.more > 0;) {
    if (job->blocks.kinds[at] != FLAT) continue;
    if (frame->owner[at % (size_t)frame->blocks] != owner) continue;
    int place = shift.many > 0 ? shift.first : shift.second;
    *(shift.many > 0 ? &shift.many : &shift.more) -= 1;
    job->blocks.data[at][place] = 1;
    job->blocks.kinds[at] = PAINTED;
  }
}

void job_meet_phase(Job *job, int bits) {
  const Frame *frame = &job->stencil->frame;
  size_t room[MAX_COMPONENTS] = {0};
  for (size_t at = 0; at < job->blocks.count; at++)
    room[frame->owner[at % (size_t)frame->blocks]] += job->blocks.kinds[at] == FLAT;
  for (int owner = 0; owner < frame->count; owner++) {
    const Component *component = frame->components + owner;
    Shift shift = find_shift(job->splice->codes + component->ac, component->steps, room[owner], bits);
    if (shift.cost == UINT32_MAX) continue;
    apply_shift(job, owner, shift);
    return;
  }
}
