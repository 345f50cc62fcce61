#define _GNU_SOURCE
#include "loads.h"
#include "reference.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

enum { RUN = 16384, RECORD = 64 };

/* The message's bytes behind a time and a sequence, cut to a record. */
static void fill(uint8_t *record, const uint8_t *message, size_t length, uint64_t sequence) {
    uint64_t time = load48(message + 5);
    size_t rest = length < RECORD - 16 ? length : RECORD - 16;
    memcpy(record, &time, 8);
    memcpy(record + 8, &sequence, 8);
    memcpy(record + 16, message, rest);
    memset(record + 16 + rest, 0, RECORD - 16 - rest);
}

static int write_all(int file, const uint8_t *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -1;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

static uint64_t record_messages(const uint8_t *bytes, size_t size, int file, ZSTD_CCtx *context,
                                uint8_t *records, uint8_t *packed) {
    size_t bound = ZSTD_compressBound(RUN * RECORD), offset = 0, held = 0;
    uint64_t total = 0, sequence = 0;
    while (offset + 2 <= size) {
        size_t length = load16(bytes + offset);
        if (length > 0) fill(records + held++ * RECORD, bytes + offset + 2, length, ++sequence);
        offset += 2 + length;
        if (held == RUN || (held > 0 && offset + 2 > size)) {
            size_t done = ZSTD_compressCCtx(context, packed, bound, records, held * RECORD, 1);
            if (ZSTD_isError(done) || write_all(file, packed, done) != 0) return 0;
            total += done;
            held = 0;
        }
    }
    return fdatasync(file) == 0 ? total : 0;
}

uint64_t reference_record_file(const uint8_t *bytes, size_t size, const char *path) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return 0;
    ZSTD_CCtx *context = ZSTD_createCCtx();
    uint8_t *records = malloc(RUN * RECORD), *packed = malloc(ZSTD_compressBound(RUN * RECORD));
    if (context == NULL || records == NULL || packed == NULL) abort();
    uint64_t total = record_messages(bytes, size, file, context, records, packed);
    free(records);
    free(packed);
    ZSTD_freeCCtx(context);
    close(file);
    return total;
}
