/* Reads a tape to its end with the header-only C reader: writes every tick to a file and prints how
 * long ticks took from the wire (kernel stamp) to here.
 *
 *     tape_to_file TAPE FILE
 */
#include "tapeline_reader.h"

#include <stdlib.h>

enum { BATCH = 4096 };

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static int ascending(const void *one, const void *other) {
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

static int attach(tapeline_reader *reader, const char *name) {
    struct timespec pause = {0, 2000000};
    for (int attempt = 0; attempt < 5000; attempt++) {
        int error = tapeline_reader_open(reader, name, TAPELINE_FROM_OLDEST);
        if (error != ENOENT && error != EAGAIN) return error;
        nanosleep(&pause, NULL);
    }
    return ENOENT;
}

int main(int argc, char **argv) {
    static tapeline_tick ticks[BATCH];
    struct timespec pause = {0, 20000};
    size_t count = 0, capacity = 1 << 16;
    uint64_t *latencies = malloc(capacity * sizeof(*latencies));
    tapeline_reader reader;
    FILE *file;
    int error;
    if (argc != 3) {
        fprintf(stderr, "usage: tape_to_file TAPE FILE\n");
        return 2;
    }
    error = attach(&reader, argv[1]);
    file = fopen(argv[2], "wb");
    if (error != 0 || file == NULL || latencies == NULL) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(error != 0 ? error : errno));
        return 3;
    }
    for (;;) {
        int64_t got = tapeline_reader_copy(&reader, ticks, BATCH);
        if (got == TAPELINE_READ_OVERRUN) {
            fprintf(stderr, "overrun: lost %llu to %llu\n", (unsigned long long)reader.lost_first,
                    (unsigned long long)reader.lost_last);
            return 1;
        }
        if (got < 0) break;
        if (got == 0) {
            nanosleep(&pause, NULL);
            continue;
        }
        uint64_t now = now_ns();
        for (int64_t i = 0; i < got; i++) {
            if (ticks[i].capture_time == 0 || ticks[i].capture_time > now) continue;
            if (count == capacity) {
                uint64_t *larger = realloc(latencies, 2 * capacity * sizeof(*latencies));
                if (larger == NULL) return 3;
                latencies = larger;
                capacity *= 2;
            }
            latencies[count++] = now - ticks[i].capture_time;
        }
        if (fwrite(ticks, sizeof(*ticks), (size_t)got, file) != (size_t)got) return 3;
    }
    if (fclose(file) != 0) return 3;
    tapeline_reader_close(&reader);
    qsort(latencies, count, sizeof(*latencies), ascending);
    printf("{\"ticks\": %zu", count);
    if (count > 0) {
        printf(", \"p50\": %llu, \"p99\": %llu, \"max\": %llu",
               (unsigned long long)latencies[count / 2],
               (unsigned long long)latencies[count * 99 / 100],
               (unsigned long long)latencies[count - 1]);
    }
    printf("}\n");
    free(latencies);
    return 0;
}
