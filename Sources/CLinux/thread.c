#define _GNU_SOURCE
#include "clinux_thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

int clinux_thread_pin(unsigned cpu) {
    size_t size = CPU_ALLOC_SIZE(CLINUX_CPU_MAX + 1);
    cpu_set_t *set;
    int error;

    if (cpu > CLINUX_CPU_MAX) return EINVAL;
    set = CPU_ALLOC(CLINUX_CPU_MAX + 1);
    if (set == NULL) return ENOMEM;
    CPU_ZERO_S(size, set);
    CPU_SET_S(cpu, size, set);
    error = sched_setaffinity(0, size, set) == 0 ? 0 : errno;
    CPU_FREE(set);
    return error;
}

int clinux_thread_pinned_cpu(void) {
    size_t size = CPU_ALLOC_SIZE(CLINUX_CPU_MAX + 1);
    cpu_set_t *set = CPU_ALLOC(CLINUX_CPU_MAX + 1);
    int cpu = -1;

    if (set == NULL) return -1;
    if (sched_getaffinity(0, size, set) == 0 && CPU_COUNT_S(size, set) == 1) {
        for (cpu = 0; !CPU_ISSET_S(cpu, size, set); cpu++) {}
    }
    CPU_FREE(set);
    return cpu;
}

int clinux_thread_fifo(int priority) {
    struct sched_param parameters = {.sched_priority = priority};
    return pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters);
}

int clinux_thread_name(const char *name) { return pthread_setname_np(pthread_self(), name); }

int clinux_lock_memory(void) { return mlockall(MCL_CURRENT | MCL_FUTURE) == 0 ? 0 : errno; }
