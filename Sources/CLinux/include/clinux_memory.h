/* Shared memory and mappings: calls and macros that Swift cannot import. */
#ifndef CLINUX_MEMORY_H
#define CLINUX_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Maps `size` bytes of `fd` and, right behind them, the `ring_size` bytes at `ring_offset` a second
 * time, so that every run of the ring is contiguous. ring_offset + ring_size must be size. Returns
 * NULL with errno set if that fails. */
void *clinux_map_ring(int fd, size_t size, size_t ring_offset, size_t ring_size);

/* open(2) and shm_open(3) with a mode: variadic, which Swift does not import. */
int clinux_open(const char *path, int flags, unsigned mode);
int clinux_shm_open(const char *name, int flags, unsigned mode);

/* link(2) of an object in shared memory under another name; fails with EEXIST if that is taken. */
int clinux_shm_link(const char *from, const char *to);
int clinux_shm_rename(const char *from, const char *to);

#endif
