/* What the benchmarks compare with: bare C loops that do the least that the work requires, built
 * by the same compiler for the same processor. Also the instruments: clock, pinning, allocation
 * counters. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "reference_wire.h"

/* ---- instruments ---- */

/* CLOCK_MONOTONIC in ns. */
static inline uint64_t reference_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* A counter of constant rate that is cheaper to read than the clock; see reference_cycle_rate. */
static inline uint64_t reference_cycles(void) {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t value;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
#else
    return reference_now();
#endif
}

/* Tells the processor that this loop waits. */
static inline void reference_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Counts of reference_cycles a ns, measured over 20 ms. */
double reference_cycle_rate(void);

/* Runs the calling thread on processor `cpu` only. Returns 0 or an errno value. */
int reference_pin(int cpu);

/* Calls of malloc, calloc, realloc and their aligned kin by
 * the whole process since its start. */
uint64_t reference_allocations(void);

/* The same by the calling thread. */
uint64_t reference_thread_allocations(void);

/* Does nothing, but the optimizer cannot know that: what is passed has to exist. */
void reference_keep(void *memory);

/* Starts counting instructions that the calling thread retires in user space. Returns a descriptor,
 * or -1 where the processor or the kernel offers no such counter. */
int reference_instructions_open(void);
uint64_t reference_instructions_read(int counter);

/* ---- ITCH 5.0 messages ---- */

/* A run of message blocks: 16-bit big-endian length and as many bytes. */
typedef struct reference_packet {
    uint64_t offset;
    uint32_t size;
    uint32_t messages;
} reference_packet;

/* Reads every field of every message and writes nothing; returns their sum. */
uint64_t reference_read_packets(const uint8_t *bytes, const reference_packet *packets,
                                size_t count);

/* Reads every field of `count` message blocks; moves `*cursor` behind them. */
uint64_t reference_read_blocks(const uint8_t **cursor, size_t count);

/* ---- books: hash map of orders, sorted price levels, orders queued in each ---- */

typedef struct reference_books reference_books;

reference_books *reference_books_create(void);
void reference_books_free(reference_books *books);
void reference_books_apply(reference_books *books, const uint8_t *bytes,
                           const reference_packet *packets, size_t count);

typedef struct reference_best {
    uint64_t price;
    uint64_t quantity;
    uint64_t orders;
} reference_best;

/* Best level of a side (0 bid, 1 ask) in prices of four decimals; zeros if the side is empty. */
reference_best reference_books_best(const reference_books *books, uint16_t locate, int side);

/* ---- frames ---- */

typedef struct reference_frames_result {
    uint64_t packets;
    uint64_t messages;
    uint64_t sum;
} reference_frames_result;

/* Walks a classic pcap file of Ethernet, IPv4, UDP and MoldUDP64, skips what it has already seen, and
 * reads every field of the other messages. */
reference_frames_result reference_read_frames(const uint8_t *pcap, size_t size);

/* ---- rings ---- */

typedef struct reference_ring_result {
    uint64_t nanoseconds;
    /* Records whose content was not what was written. */
    uint64_t errors;
} reference_ring_result;

/* One writer, one reader, on two processors: claimed / fence / slots / published, 64-byte records,
 * read in place and validated as a tape is. The writer waits for the reader, so nothing is lost. */
reference_ring_result reference_ring_run(uint64_t capacity, uint64_t records, uint64_t batch,
                                         int writer_cpu, int reader_cpu);

/* Round trips over two rings of that protocol; cycles of each into `cycles`. */
uint64_t reference_ring_round_trips(uint32_t *cycles, size_t count, int ping_cpu, int pong_cpu);

/* Round trips over two rings of cells that carry their sequence within the record's cache line. */
uint64_t reference_cell_round_trips(uint32_t *cycles, size_t count, int ping_cpu, int pong_cpu);

/* ---- file to disk ---- */

/* Copies a message file into raw 64-byte records of its fields, compressed with zstd level 1 in runs
 * of 16,384, written and synced once. Returns the bytes written, or 0 with errno set. */
uint64_t reference_record_file(const uint8_t *bytes, size_t size, const char *path);

#endif
