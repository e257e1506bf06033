#include "inflate_source.h"

#include <stdlib.h>
#include <string.h>

#include "pngroom.h"

Code source_open(Source *source, const uint8_t *file, const Piece *pieces, size_t count) {
  *source = (Source){.file = file, .pieces = pieces, .count = count};
  for (size_t at = 0; at < count; at++) {
    if ((size_t)pieces[at].size > SIZE_MAX / 16 - source->size) return UNSUPPORTED;
    source->size += (size_t)pieces[at].size;
  }
  if (count == 1) {
    source->data = file + pieces->from;
    source->ready = source->size;
    source->next = 1;
    return DONE;
  }
  source->data = source->own = room_take(source->size + 1);
  return source->own ? DONE : NO_MEMORY;
}

void source_close(Source *source) {
  free(source->own);
  source->own = NULL;
}

void source_more(Source *source) {
  if (source->next == source->count) return;
  const Piece *piece = source->pieces + source->next++;
  size_t size = (size_t)piece->size;
  if (size) memcpy(source->own + source->ready, source->file + piece->from, size);
  source->ready += size;
}

uint32_t source_end(const Source *source) {
  uint32_t end = 0;
  size_t piece = source->count;
  int64_t left = 0;
  for (int shift = 0; shift < 32; shift += 8) {
    while (!left) left = source->pieces[--piece].size;
    end |= (uint32_t)source->file[source->pieces[piece].from + --left] << shift;
  }
  return end;
}
