/* Header-only tape reader for C11 and C++17: no library to link (POSIX shm and mmap only).
 *
 *     tapeline_reader reader;
 *     if (tapeline_reader_open(&reader, "demo", TAPELINE_FROM_OLDEST) != 0) return 1;
 *     for (;;) {
 *         const tapeline_tick *ticks;
 *         int64_t count = tapeline_reader_poll(&reader, &ticks, 256);
 *         if (count < 0) break;                       // ended, superseded, overrun: see the code
 *         for (int64_t i = 0; i < count; i++) use(&ticks[i]);
 *         if (!tapeline_reader_still_valid(&reader)) discard();   // overwritten while in use
 *     }
 *     tapeline_reader_close(&reader);
 *
 * Ticks are read where the publisher wrote them; the reader never writes to the tape.
 */
#ifndef TAPELINE_READER_H
#define TAPELINE_READER_H

/* With -std=c11 include this header first, or define _DEFAULT_SOURCE yourself. */
#if !defined(_GNU_SOURCE) && !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE 1
#endif

#include "tapeline_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where to start, and where to go on after an overrun. */
enum { TAPELINE_FROM_NEWEST = 0, TAPELINE_FROM_OLDEST = 1 };

/* Negative results of tapeline_reader_poll. */
enum {
    TAPELINE_READ_ENDED = -1,
    TAPELINE_READ_SUPERSEDED = -2,
    /* lost_first … lost_last were overwritten; the next poll goes on from a valid place. */
    TAPELINE_READ_OVERRUN = -3
};

typedef struct tapeline_reader {
    const uint8_t *base;
    const tapeline_header *header;
    const tapeline_tick *ring;
    uint64_t capacity;
    /* Next position to read, and the first position of the batch last handed out. */
    uint64_t position;
    uint64_t batch_position;
    uint64_t lost_first;
    uint64_t lost_last;
    uint64_t mapped_size;
    int overrun_policy;
} tapeline_reader;

/* Writes "/tapeline.NAME" into out. Returns 0, or ENAMETOOLONG or EINVAL. */
static inline int tapeline_object_name(const char *name, char *out, size_t size) {
    size_t length = strlen(name);
    size_t i;
    if (length == 0) return EINVAL;
    if (length > 63 || length + 11 > size) return ENAMETOOLONG;
    for (i = 0; i < length; i++) {
        if (name[i] == '/') return EINVAL;
    }
    memcpy(out, "/tapeline.", 10);
    memcpy(out + 10, name, length + 1);
    return 0;
}

static inline void tapeline_reader_close(tapeline_reader *reader) {
    if (reader->base != NULL) {
        munmap((void *)(uintptr_t)reader->base, (size_t)reader->mapped_size);
    }
    memset(reader, 0, sizeof(*reader));
}

/* Oldest position that the ring still holds. */
static inline uint64_t tapeline_reader_oldest(const tapeline_reader *reader) {
    uint64_t claimed = __atomic_load_n(&reader->header->claimed, __ATOMIC_ACQUIRE);
    uint64_t first = reader->header->first_position;
    if (claimed < first + reader->capacity) return first;
    return claimed - reader->capacity;
}

/* True if `count` entries of `entry` bytes lie between the header and the ring. */
static inline int tapeline_table_is_inside(const tapeline_header *h, uint64_t offset,
                                           uint64_t count, uint64_t entry) {
    return offset >= TAPELINE_HEADER_SIZE && offset <= h->ring_offset &&
           count <= (h->ring_offset - offset) / entry;
}

/* True if the object's header describes a tape whose parts all lie inside `size` bytes. */
static inline int tapeline_header_is_sound(const tapeline_header *h, uint64_t size) {
    uint64_t instruments = (uint64_t)h->instrument_capacity + 1;
    uint64_t offsets = h->channel_offset | h->line_offset | h->counter_offset |
                       h->instrument_offset | h->top_offset;
    if (h->magic != tapeline_tape_magic || h->version != TAPELINE_LAYOUT_VERSION) return 0;
    if (h->header_size != TAPELINE_HEADER_SIZE || h->total_size != size) return 0;
    if (h->ring_capacity == 0 || (h->ring_capacity & (h->ring_capacity - 1)) != 0) return 0;
    if (h->ring_capacity > size / sizeof(tapeline_tick)) return 0;
    if (h->ring_offset % 4096 != 0 || offsets % 8 != 0) return 0;
    if (h->ring_offset != size - h->ring_capacity * sizeof(tapeline_tick)) return 0;
    return tapeline_table_is_inside(h, h->channel_offset, h->channel_count,
                                    sizeof(tapeline_channel)) &&
           tapeline_table_is_inside(h, h->line_offset, h->line_count, sizeof(tapeline_line)) &&
           tapeline_table_is_inside(h, h->counter_offset, h->counter_count,
                                    sizeof(tapeline_counter)) &&
           tapeline_table_is_inside(h, h->instrument_offset, instruments,
                                    sizeof(tapeline_instrument)) &&
           tapeline_table_is_inside(h, h->top_offset, instruments, sizeof(tapeline_top)) &&
           tapeline_table_is_inside(h, h->blob_offset, h->blob_size, 1);
}

/* Maps the open object: everything once, then the ring a second time behind it. */
static inline int tapeline_reader_map(tapeline_reader *reader, int fd, uint64_t size) {
    tapeline_header header;
    uint64_t ring_bytes;
    uint8_t *base;
    void *second;
    if (pread(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header)) return EIO;
    if (!tapeline_header_is_sound(&header, size)) return EPROTO;
    ring_bytes = header.ring_capacity * (uint64_t)sizeof(tapeline_tick);
    base = (uint8_t *)mmap(NULL, (size_t)(size + ring_bytes), PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == (uint8_t *)MAP_FAILED) return errno;
    reader->base = base;
    reader->mapped_size = size + ring_bytes;
    if (mmap(base, (size_t)size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
        return errno;
    }
    second = mmap(base + header.ring_offset + ring_bytes, (size_t)ring_bytes, PROT_READ,
                  MAP_SHARED | MAP_FIXED, fd, (off_t)header.ring_offset);
    if (second == MAP_FAILED) return errno;
    reader->header = (const tapeline_header *)base;
    reader->ring = (const tapeline_tick *)(base + header.ring_offset);
    reader->capacity = header.ring_capacity;
    return 0;
}

/* Attaches to the tape `name`. Returns 0 or an errno value: ENOENT no such tape, EPROTO not a tape
 * of this version, EAGAIN its publisher has not finished creating it. */
static inline int tapeline_reader_open(tapeline_reader *reader, const char *name, int from) {
    char object[80];
    struct stat status;
    int fd, error;
    memset(reader, 0, sizeof(*reader));
    error = tapeline_object_name(name, object, sizeof(object));
    if (error != 0) return error;
    fd = shm_open(object, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return errno;
    if (fstat(fd, &status) != 0) {
        error = errno;
    } else if (status.st_size < TAPELINE_HEADER_SIZE) {
        /* Objects appear under their name whole: this one has been cut. */
        error = EPROTO;
    } else {
        error = tapeline_reader_map(reader, fd, (uint64_t)status.st_size);
    }
    close(fd);
    if (error == 0 &&
        __atomic_load_n(&reader->header->state, __ATOMIC_ACQUIRE) == TAPELINE_STATE_STARTING) {
        error = EAGAIN;
    }
    if (error != 0) {
        tapeline_reader_close(reader);
        return error;
    }
    reader->overrun_policy = from;
    reader->position = from == TAPELINE_FROM_OLDEST
                           ? tapeline_reader_oldest(reader)
                           : __atomic_load_n(&reader->header->published, __ATOMIC_ACQUIRE);
    reader->batch_position = reader->position;
    return 0;
}

/* Skips what was overwritten and remembers the exact range. */
static inline void tapeline_reader_recover(tapeline_reader *reader) {
    uint64_t next = reader->overrun_policy == TAPELINE_FROM_OLDEST
                        /* A quarter of the ring ahead, or the same would happen at once again. */
                        ? tapeline_reader_oldest(reader) + reader->capacity / 4
                        : __atomic_load_n(&reader->header->published, __ATOMIC_ACQUIRE);
    uint64_t published = __atomic_load_n(&reader->header->published, __ATOMIC_ACQUIRE);
    if (next > published) next = published;
    if (next < reader->position) next = reader->position;
    reader->lost_first = reader->position;
    reader->lost_last = next - 1;
    reader->position = next;
    reader->batch_position = next;
}

/* False once the publisher may have overwritten a part of the batch last handed out. Ask after use:
 * what was computed from the batch counts only if this is true. */
static inline int tapeline_reader_still_valid(const tapeline_reader *reader) {
    uint64_t claimed;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    claimed = __atomic_load_n(&reader->header->claimed, __ATOMIC_RELAXED);
    return claimed < reader->capacity || reader->batch_position >= claimed - reader->capacity;
}

/* Hands out up to `most` ticks in place. Returns how many (0: nothing new), or TAPELINE_READ_…. */
static inline int64_t tapeline_reader_poll(tapeline_reader *reader, const tapeline_tick **ticks,
                                           uint64_t most) {
    /* The state is loaded first: whatever was published before it ended is still delivered. */
    uint64_t state = __atomic_load_n(&reader->header->state, __ATOMIC_ACQUIRE);
    uint64_t published = __atomic_load_n(&reader->header->published, __ATOMIC_ACQUIRE);
    uint64_t count = published - reader->position;
    if (count == 0) {
        if (state == TAPELINE_STATE_ENDED) return TAPELINE_READ_ENDED;
        if (state == TAPELINE_STATE_SUPERSEDED) return TAPELINE_READ_SUPERSEDED;
        return 0;
    }
    reader->batch_position = reader->position;
    /* A batch is at most an eighth of the ring, so only what is older than that can be gone: whoever
     * keeps up leaves the line of `claimed` to the publisher. */
    if (count > reader->capacity - reader->capacity / 8 && !tapeline_reader_still_valid(reader)) {
        tapeline_reader_recover(reader);
        return TAPELINE_READ_OVERRUN;
    }
    if (count > most) count = most;
    /* Only a damaged tape has more; the run must not leave the mapping. */
    if (count > reader->capacity) count = reader->capacity;
    *ticks = reader->ring + (reader->position & (reader->capacity - 1));
    reader->position += count;
    return (int64_t)count;
}

/* Copies up to `most` ticks; never returns a torn one. Returns as tapeline_reader_poll. */
static inline int64_t tapeline_reader_copy(tapeline_reader *reader, tapeline_tick *out,
                                           uint64_t most) {
    const tapeline_tick *ticks;
    int64_t count = tapeline_reader_poll(reader, &ticks, most);
    if (count <= 0) return count;
    memcpy(out, ticks, (size_t)count * sizeof(tapeline_tick));
    if (tapeline_reader_still_valid(reader)) return count;
    reader->position = reader->batch_position;
    tapeline_reader_recover(reader);
    return TAPELINE_READ_OVERRUN;
}

/* Copies a guarded entry. Returns 0, or ETIMEDOUT if it stayed half written for over a millisecond
 * (dead publisher). */
static inline int tapeline_copy_guarded(const void *entry, void *out, size_t size) {
    const uint32_t *guard = (const uint32_t *)entry;
    struct timespec start, now;
    uint32_t rounds = 0;
    for (;;) {
        uint32_t before = __atomic_load_n(guard, __ATOMIC_ACQUIRE);
        if ((before & 1u) == 0) {
            memcpy(out, entry, size);
            __atomic_thread_fence(__ATOMIC_ACQUIRE);
            if (__atomic_load_n(guard, __ATOMIC_RELAXED) == before) return 0;
        }
        if (rounds++ == 0) clock_gettime(CLOCK_MONOTONIC, &start);
        if ((rounds & 63u) == 0) {
            clock_gettime(CLOCK_MONOTONIC, &now);
            if ((now.tv_sec - start.tv_sec) * 1000000000LL + (now.tv_nsec - start.tv_nsec) >
                1000000LL) {
                return ETIMEDOUT;
            }
        }
    }
}

/* Copies the instrument's best bid and offer. Returns 0, EINVAL for an id that the table does not
 * have, or ETIMEDOUT. */
static inline int tapeline_reader_top(const tapeline_reader *reader, uint32_t instrument,
                                      tapeline_top *out) {
    const tapeline_top *table = (const tapeline_top *)(reader->base + reader->header->top_offset);
    if (instrument > reader->header->instrument_capacity) return EINVAL;
    return tapeline_copy_guarded(table + instrument, out, sizeof(*out));
}

/* Copies a directory entry. Returns 0, EINVAL for an id that is not in use, or ETIMEDOUT. */
static inline int tapeline_reader_instrument(const tapeline_reader *reader, uint32_t instrument,
                                             tapeline_instrument *out) {
    uint64_t count = __atomic_load_n(&reader->header->instrument_count, __ATOMIC_ACQUIRE);
    const tapeline_instrument *table =
        (const tapeline_instrument *)(reader->base + reader->header->instrument_offset);
    if (instrument == 0 || instrument > count || instrument > reader->header->instrument_capacity) {
        return EINVAL;
    }
    return tapeline_copy_guarded(table + instrument, out, sizeof(*out));
}

#ifdef __cplusplus
}
#endif

#endif
