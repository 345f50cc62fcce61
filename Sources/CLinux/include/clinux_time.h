/* The processor's time stamp counter, and the state of the system clock. */
#ifndef CLINUX_TIME_H
#define CLINUX_TIME_H

#include <stdint.h>

/* 1 where the processor has a time stamp counter that programs can read. */
static inline int clinux_has_tsc(void) {
#if defined(__x86_64__)
    return 1;
#else
    return 0;
#endif
}

/* The counter now, possibly a few instructions early or late; 0 where there is none. */
static inline uint64_t clinux_tsc(void) {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return 0;
#endif
}

/* As above, once all earlier loads are done and before anything later starts: Intel SDM volume 2B,
 * RDTSCP, followed by LFENCE. */
static inline uint64_t clinux_tsc_ordered(void) {
#if defined(__x86_64__)
    unsigned processor;
    uint64_t counter = __builtin_ia32_rdtscp(&processor);
    __builtin_ia32_lfence();
    return counter;
#else
    return 0;
#endif
}

/* 1 if the kernel says that its clock is synchronised (adjtimex without STA_UNSYNC), 0 if not, -1
 * with errno set. `*maximum_error` is in microseconds. */
int clinux_clock_synchronised(int64_t *maximum_error);

#endif
