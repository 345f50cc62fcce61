/* Big-endian loads from unaligned places. */
#ifndef REFERENCE_LOADS_H
#define REFERENCE_LOADS_H

#include <stdint.h>
#include <string.h>

static inline uint64_t load16(const uint8_t *bytes) {
    uint16_t value;
    memcpy(&value, bytes, sizeof(value));
    return __builtin_bswap16(value);
}

static inline uint64_t load32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return __builtin_bswap32(value);
}

static inline uint64_t load48(const uint8_t *bytes) {
    return load16(bytes) << 32 | load32(bytes + 2);
}

static inline uint64_t load64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return __builtin_bswap64(value);
}

#endif
