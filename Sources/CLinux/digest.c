#include "clinux_digest.h"

#include <string.h>

static uint64_t mix(uint64_t hash, uint64_t word) {
    __uint128_t product = (__uint128_t)(hash ^ word) * 0x9E3779B97F4A7C15ULL;
    return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static uint32_t digest(const uint8_t *bytes, size_t length) {
    uint64_t hash = 0x2545F4914F6CDD1DULL ^ length;
    uint64_t word;
    while (length >= 8) {
        memcpy(&word, bytes, 8);
        hash = mix(hash, word);
        bytes += 8;
        length -= 8;
    }
    word = 0;
    memcpy(&word, bytes, length);
    hash = mix(hash, word);
    return (uint32_t)(hash >> 32) | 1u;
}

size_t clinux_digest_blocks(const uint8_t *blocks, size_t count, int big_endian, uint64_t first,
                            uint64_t *table, uint64_t mask, int remember, size_t *known,
                            uint64_t *first_difference) {
    size_t differences = 0;
    size_t compared = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = big_endian ? (size_t)blocks[0] << 8 | blocks[1]
                                   : (size_t)blocks[1] << 8 | blocks[0];
        uint64_t sequence = first + i;
        uint64_t *entry = &table[sequence & mask];
        uint32_t value = digest(blocks + 2, length);
        uint32_t tag = (uint32_t)sequence;
        if (*entry != 0 && (uint32_t)(*entry >> 32) == tag) {
            compared++;
            if ((uint32_t)*entry != value && differences++ == 0) *first_difference = sequence;
        } else if (remember && (*entry == 0 || (int32_t)(tag - (uint32_t)(*entry >> 32)) > 0)) {
            *entry = (uint64_t)tag << 32 | value;
        }
        blocks += 2 + length;
    }
    *known = compared;
    return differences;
}
