/* The process's own malloc: counts, then calls glibc's. An executable's definitions go before those
 * of every shared library, so nothing that allocates in this process escapes. */
#define _GNU_SOURCE
#include "reference.h"

#include <errno.h>
#include <stdatomic.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void *__libc_valloc(size_t size);
extern void __libc_free(void *memory);

static _Atomic uint64_t allocations;

static __thread uint64_t thread_allocations;

static void note(void) {
    thread_allocations++;
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
}

uint64_t reference_thread_allocations(void) { return thread_allocations; }

uint64_t reference_allocations(void) {
    return atomic_load_explicit(&allocations, memory_order_relaxed);
}

void reference_keep(void *memory) { (void)memory; }

void *malloc(size_t size) {
    note();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    note();
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    note();
    return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

void *valloc(size_t size) {
    note();
    return __libc_valloc(size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    note();
    void *result = __libc_memalign(alignment, size);
    if (result == NULL) return ENOMEM;
    *memory = result;
    return 0;
}

void free(void *memory) { __libc_free(memory); }
