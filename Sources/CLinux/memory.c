#define _GNU_SOURCE
#include "clinux_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

void *clinux_map_ring(int fd, size_t size, size_t ring_offset, size_t ring_size) {
    uint8_t *base = mmap(NULL, size + ring_size, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return NULL;
    if (mmap(base, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
        mmap(base + size, ring_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
             (off_t)ring_offset) == MAP_FAILED) {
        int error = errno;
        munmap(base, size + ring_size);
        errno = error;
        return NULL;
    }
    /* Helps where the kernel backs shared memory with huge pages on advice; harmless elsewhere. */
    (void)madvise(base, size + ring_size, MADV_HUGEPAGE);
    return base;
}

int clinux_open(const char *path, int flags, unsigned mode) { return open(path, flags, mode); }

int clinux_shm_open(const char *name, int flags, unsigned mode) {
    return shm_open(name, flags, (mode_t)mode);
}

/* glibc keeps shared-memory objects as files of /dev/shm. */
static int shm_path(const char *name, char *out, size_t size) {
    int written = snprintf(out, size, "/dev/shm%s", name);
    if (written > 0 && (size_t)written < size) return 0;
    errno = ENAMETOOLONG;
    return -1;
}

int clinux_shm_link(const char *from, const char *to) {
    char from_path[256], to_path[256];
    if (shm_path(from, from_path, sizeof(from_path)) != 0) return -1;
    if (shm_path(to, to_path, sizeof(to_path)) != 0) return -1;
    return link(from_path, to_path);
}

int clinux_shm_rename(const char *from, const char *to) {
    char from_path[256], to_path[256];
    if (shm_path(from, from_path, sizeof(from_path)) != 0) return -1;
    if (shm_path(to, to_path, sizeof(to_path)) != 0) return -1;
    return rename(from_path, to_path);
}
