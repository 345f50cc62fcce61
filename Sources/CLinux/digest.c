#include "clinux_digest.h"

#include <string.h>

static uint64_t mix(uint64_t hash, uint64_t word) {
    __uint128_t product = (__uint128_t)(hash ^ word) * 0x9E3779B97F4A7C15ULL;
    return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static inline uint64_t hash_bytes(const uint8_t *bytes, size_t length) {
    uint64_t hash = 0x2545F4914F6CDD1DULL ^ length;
    uint64_t word;
    while (length >= 8) {
        memcpy(&word, bytes, 8);
        hash = mix(hash, word);
        bytes += 8;
        length -= 8;
    }
    word = 0;
    if (length > 0) memcpy(&word, bytes, length);
    return mix(hash, word);
}

static uint32_t digest(const uint8_t *bytes, size_t length) {
    return (uint32_t)(hash_bytes(bytes, length) >> 32) | 1u;
}

uint64_t clinux_hash(const uint8_t *bytes, size_t length) { return hash_bytes(bytes, length); }

/* A length of `width` bytes. */
static size_t read_length(const uint8_t *at, clinux_framing framing) {
    if (framing.width == 2) {
        return framing.big_endian ? (size_t)at[0] << 8 | at[1] : (size_t)at[1] << 8 | at[0];
    }
    if (framing.width == 1) return at[0];
    return framing.big_endian
               ? (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3]
               : (size_t)at[3] << 24 | (size_t)at[2] << 16 | (size_t)at[1] << 8 | at[0];
}

size_t clinux_digest_blocks(const uint8_t *blocks, size_t size, size_t count,
                            clinux_framing framing, uint64_t first, uint64_t *table,
                            uint64_t mask, int remember, size_t *known,
                            uint64_t *first_difference) {
    const uint8_t *end = blocks + size;
    size_t differences = 0;
    size_t compared = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *message = blocks;
        size_t length;
        switch (framing.kind) {
        case CLINUX_PREFIXED:
            length = read_length(blocks, framing);
            message = blocks + framing.width;
            break;
        case CLINUX_INCLUSIVE: length = read_length(blocks + framing.offset, framing); break;
        case CLINUX_OPRA: length = clinux_opra_length(blocks, (size_t)(end - blocks)); break;
        default: length = (size_t)(end - blocks); break;
        }
        uint64_t sequence = first + i;
        uint64_t *entry = &table[sequence & mask];
        uint32_t value = digest(message, length);
        uint32_t tag = (uint32_t)sequence;
        if (*entry != 0 && (uint32_t)(*entry >> 32) == tag) {
            compared++;
            if ((uint32_t)*entry != value && differences++ == 0) *first_difference = sequence;
        } else if (remember && (*entry == 0 || (int32_t)(tag - (uint32_t)(*entry >> 32)) > 0)) {
            *entry = (uint64_t)tag << 32 | value;
        }
        blocks = message + length;
    }
    *known = compared;
    return differences;
}
