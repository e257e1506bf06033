/* Room for pictures: plain malloc, but large pages where the system has them. */
#ifndef KZMARK_PNGROOM_H
#define KZMARK_PNGROOM_H

#include <stddef.h>

/* Bytes of any value, or null; released with free. Touching many small pages for the first time
   costs about as much as deflating what is put there. */
void *room_take(size_t size);

#endif
