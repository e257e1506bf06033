/* Why something could not be done; 0 is success. The numbers are those of Refusal in Python. */
#ifndef KZMARK_CODE_H
#define KZMARK_CODE_H

typedef enum { DONE = 0, DAMAGED = 1, UNSUPPORTED = 2, NO_CODE = 3, NO_MEMORY = 4 } Code;

#endif
