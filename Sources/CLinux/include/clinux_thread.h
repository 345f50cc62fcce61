/* Where and how the calling thread runs: GNU-only calls and macros. Each returns 0 or an errno. */
#ifndef CLINUX_THREAD_H
#define CLINUX_THREAD_H

/* Largest CPU number that `clinux_thread_pin` takes. */
enum { CLINUX_CPU_MAX = 8191 };

/* Lets the calling thread run on this CPU only. */
int clinux_thread_pin(unsigned cpu);

/* The CPU that the calling thread is pinned to; -1 if it may run on several. */
int clinux_thread_pinned_cpu(void);

/* Schedules the calling thread first in, first out at `priority` (1 to 99). */
int clinux_thread_fifo(int priority);

/* Names the calling thread: up to 15 bytes. */
int clinux_thread_name(const char *name);

/* Keeps all present and future memory of the process resident. */
int clinux_lock_memory(void);

#endif
