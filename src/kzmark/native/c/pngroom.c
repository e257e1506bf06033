#define _DEFAULT_SOURCE /* madvise */
#include "pngroom.h"

#include <stdlib.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

void *room_take(size_t size) {
#ifdef MADV_HUGEPAGE
  enum { LARGE_PAGE = 1 << 21, FROM = 1 << 22 };
  void *room;
  if (size >= FROM) {
    if (posix_memalign(&room, LARGE_PAGE, size)) return NULL;
    madvise(room, size, MADV_HUGEPAGE); /* an advice: what it answers does not matter */
    return room;
  }
#endif
  return malloc(size ? size : 1);
}
