/* io_uring through liburing: what Swift cannot import. */
#ifndef CURING_H
#define CURING_H

#include <stddef.h>
#include <stdint.h>

#endif
