/* Thin shims for what Swift cannot import from the C library or the compiler. */
#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>

/* Hints that the cache line at `address` is wanted, to be written. */
static inline void clinux_prefetch_write(const void *address) { __builtin_prefetch(address, 1, 3); }

/* Ones-complement sum of `length` bytes as big-endian 16-bit words, folded to 16 bits, starting
 * from `start`. A trailing odd byte counts as the high byte of a word. */
uint16_t clinux_internet_sum(const uint8_t *bytes, size_t length, uint32_t start);

#endif
