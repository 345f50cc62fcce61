/* Writing files through io_uring, in order. */
#ifndef CURING_FILE_H
#define CURING_FILE_H

#include <stddef.h>
#include <stdint.h>

typedef struct curing_file curing_file;

/* A queue of at most `depth` writes. NULL with errno set if the kernel has none for us. */
curing_file *curing_file_create(unsigned depth);
void curing_file_destroy(curing_file *queue);

/* Queues a write behind all earlier ones: the kernel starts it when they have ended, so that a file
 * that grows never has a hole, even if the process is killed. `bytes` must stay until `tag` is
 * reaped. Returns 0, or -1 with errno set; EBUSY says that `depth` writes are under way. */
int curing_file_write(curing_file *queue, int fd, const void *bytes, unsigned length,
                      uint64_t offset, uint64_t tag);

/* Takes one write that has ended: 1, with its result (bytes, or a negated errno); 0 if none has
 * within `timeout_ns` (0: without waiting); -1 with errno set. */
int curing_file_reap(curing_file *queue, uint64_t *tag, int32_t *result, uint64_t timeout_ns);


/* open(2) for writing a new file; with `direct`, past the page cache. Returns the descriptor, or -1
 * with errno set. `exclusive` makes it fail if the file exists. */
int curing_file_open(const char *path, int exclusive, int direct, unsigned mode);

/* Reserves blocks behind the end of the file without changing its size (fallocate). Returns 0, or -1
 * with errno set. */
int curing_file_reserve(int fd, uint64_t offset, uint64_t length);

#endif
