/* The work of a splice on one restart interval: first what is to be written is taken over, piece by
   piece, then the phase of the bits behind is met, then all is written. */
#ifndef KZMARK_JOB_H
#define KZMARK_JOB_H

#include "splice.h"

/* Bits of the file that stay, MCUs written anew, or bits of a run. */
typedef enum { GAP, UNITS, RUN } PieceKind;

typedef struct {
  PieceKind kind;
  uint64_t from, to;      /* bits of a gap or a run */
  size_t first, last;     /* blocks of units */
  int dc[MAX_COMPONENTS]; /* of the blocks in front of units */
} Piece;

typedef struct {
  const Scan *scan;
  const Stencil *stencil;
  const Runs *runs;
  Splice *splice;
  int begun;
  Cursor cursor; /* of one interval, as all below */
  Blocks blocks;
  Piece *pieces; /* a gap first; units last */
  size_t count, room;
  int loose;     /* the row of the core whose last MCUs are units, so that bits can be added to them */
  uint64_t tail; /* where the first bit behind the last piece stands */
} Job;

/* Take over all that the plate reaches of the cursor's interval. */
Code job_take(Job *job);
/* Change blocks of one colour, if there are any, so that what is written grows by `bits` modulo 8. */
void job_meet_phase(Job *job, int bits);

#endif
