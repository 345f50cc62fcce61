#define _GNU_SOURCE
#include "reference.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

typedef struct {
    uint64_t word[8];
} record;

/* The counters are 64 bytes apart, as on a tape. */
typedef struct {
    uint64_t claimed, pad1[7];
    uint64_t published, pad2[7];
    /* Everything below it may be overwritten. */
    uint64_t consumed, pad3[7];
    record *slots;
    uint64_t capacity;
    /* Of one run. */
    uint64_t records, batch, errors, start, end;
    int writer_cpu, reader_cpu;
} ring;

static const uint64_t mixer = 0x9E3779B97F4A7C15u;

static ring *ring_create(uint64_t capacity) {
    ring *r;
    size_t size = capacity * sizeof(record);
    /* A page of its own, as a tape has: no neighbour shares what is fetched along with a line. */
    if (posix_memalign((void **)&r, 4096, 4096) != 0) abort();
    *r = (ring){.capacity = capacity};
    r->slots = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (r->slots == MAP_FAILED) abort();
    (void)madvise(r->slots, size, MADV_HUGEPAGE);
    return r;
}

static void ring_free(ring *r) {
    munmap(r->slots, r->capacity * sizeof(record));
    free(r);
}

static inline void publish_run(ring *r, uint64_t position, uint64_t count) {
    __atomic_store_n(&r->claimed, position + count, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    record *slot = r->slots + (position & (r->capacity - 1));
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = position + i;
        slot[i] = (record){{at * mixer, at, at, ~at, at ^ mixer, at, 1, 0}};
    }
    __atomic_store_n(&r->published, position + count, __ATOMIC_RELEASE);
}

static inline uint64_t check_run(const ring *r, uint64_t position, uint64_t count) {
    const record *slot = r->slots + (position & (r->capacity - 1));
    uint64_t errors = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = position + i;
        errors += slot[i].word[0] != at * mixer || slot[i].word[2] != at || slot[i].word[3] != ~at;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    uint64_t claimed = __atomic_load_n(&r->claimed, __ATOMIC_RELAXED);
    return claimed >= r->capacity && position < claimed - r->capacity ? count : errors;
}

static void *write_ring(void *argument) {
    ring *r = argument;
    reference_pin(r->writer_cpu);
    for (uint64_t position = 0; position < r->records; position += r->batch) {
        while (position + r->batch >
               __atomic_load_n(&r->consumed, __ATOMIC_ACQUIRE) + r->capacity) {
            reference_pause();
        }
        publish_run(r, position, r->batch);
    }
    return NULL;
}

static void *read_ring(void *argument) {
    ring *r = argument;
    reference_pin(r->reader_cpu);
    uint64_t position = 0, noted = 0;
    r->start = reference_now();
    while (position < r->records) {
        uint64_t count = __atomic_load_n(&r->published, __ATOMIC_ACQUIRE) - position;
        if (count == 0) {
            reference_pause();
            continue;
        }
        if (count > 4096) count = 4096;
        uint64_t wrap = r->capacity - (position & (r->capacity - 1));
        if (count > wrap) count = wrap;
        r->errors += check_run(r, position, count);
        position += count;
        if (position - noted >= 8192) {
            __atomic_store_n(&r->consumed, position, __ATOMIC_RELEASE);
            noted = position;
        }
    }
    r->end = reference_now();
    return NULL;
}

reference_ring_result reference_ring_run(uint64_t capacity, uint64_t records, uint64_t batch,
                                         int writer_cpu, int reader_cpu) {
    ring *r = ring_create(capacity);
    pthread_t writer, reader;
    r->records = records / batch * batch;
    r->batch = batch;
    r->writer_cpu = writer_cpu;
    r->reader_cpu = reader_cpu;
    if (pthread_create(&reader, NULL, read_ring, r) != 0) abort();
    if (pthread_create(&writer, NULL, write_ring, r) != 0) abort();
    pthread_join(writer, NULL);
    pthread_join(reader, NULL);
    reference_ring_result result = {r->end - r->start, r->errors};
    ring_free(r);
    return result;
}

/* ---- round trips ---- */

typedef struct {
    uint32_t *cycles;
    size_t count;
    uint64_t errors;
    int ping_cpu, pong_cpu;
    ring *there, *back;
} round_trips;

static inline uint64_t await_ring(const ring *r, uint64_t position) {
    while (__atomic_load_n(&r->published, __ATOMIC_ACQUIRE) == position) continue;
    return check_run(r, position, 1);
}

static void *ring_pong(void *argument) {
    round_trips *trips = argument;
    reference_pin(trips->pong_cpu);
    for (uint64_t i = 0; i < trips->count; i++) {
        (void)await_ring(trips->there, i);
        publish_run(trips->back, i, 1);
    }
    return NULL;
}

static void *ring_ping(void *argument) {
    round_trips *trips = argument;
    reference_pin(trips->ping_cpu);
    uint64_t before = reference_cycles();
    for (uint64_t i = 0; i < trips->count; i++) {
        publish_run(trips->there, i, 1);
        trips->errors += await_ring(trips->back, i);
        uint64_t now = reference_cycles();
        trips->cycles[i] = (uint32_t)(now - before);
        before = now;
    }
    return NULL;
}

static uint64_t run_trips(round_trips *trips, void *(*ping)(void *), void *(*pong)(void *)) {
    pthread_t one, other;
    if (pthread_create(&other, NULL, pong, trips) != 0) abort();
    if (pthread_create(&one, NULL, ping, trips) != 0) abort();
    pthread_join(one, NULL);
    pthread_join(other, NULL);
    return trips->errors;
}

uint64_t reference_ring_round_trips(uint32_t *cycles, size_t count, int ping_cpu, int pong_cpu) {
    round_trips trips = {.cycles = cycles, .count = count, .ping_cpu = ping_cpu,
                         .pong_cpu = pong_cpu};
    trips.there = ring_create(1024);
    trips.back = ring_create(1024);
    uint64_t errors = run_trips(&trips, ring_ping, ring_pong);
    ring_free(trips.there);
    ring_free(trips.back);
    return errors;
}

/* The record's last word is its sequence, counted from 1: one cache line goes over, not two. */
static inline void publish_cell(ring *r, uint64_t position) {
    record *slot = r->slots + (position & (r->capacity - 1));
    for (int i = 0; i < 7; i++) slot->word[i] = position;
    __atomic_store_n(&slot->word[7], position + 1, __ATOMIC_RELEASE);
}

static inline uint64_t await_cell(const ring *r, uint64_t position) {
    const record *slot = r->slots + (position & (r->capacity - 1));
    while (__atomic_load_n(&slot->word[7], __ATOMIC_ACQUIRE) != position + 1) continue;
    return slot->word[0] != position || slot->word[6] != position;
}

static void *cell_pong(void *argument) {
    round_trips *trips = argument;
    reference_pin(trips->pong_cpu);
    for (uint64_t i = 0; i < trips->count; i++) {
        (void)await_cell(trips->there, i);
        publish_cell(trips->back, i);
    }
    return NULL;
}

static void *cell_ping(void *argument) {
    round_trips *trips = argument;
    reference_pin(trips->ping_cpu);
    uint64_t before = reference_cycles();
    for (uint64_t i = 0; i < trips->count; i++) {
        publish_cell(trips->there, i);
        trips->errors += await_cell(trips->back, i);
        uint64_t now = reference_cycles();
        trips->cycles[i] = (uint32_t)(now - before);
        before = now;
    }
    return NULL;
}

uint64_t reference_cell_round_trips(uint32_t *cycles, size_t count, int ping_cpu, int pong_cpu) {
    round_trips trips = {.cycles = cycles, .count = count, .ping_cpu = ping_cpu,
                         .pong_cpu = pong_cpu};
    trips.there = ring_create(1024);
    trips.back = ring_create(1024);
    uint64_t errors = run_trips(&trips, cell_ping, cell_pong);
    ring_free(trips.there);
    ring_free(trips.back);
    return errors;
}
