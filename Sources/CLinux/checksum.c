#include "clinux.h"

#include <string.h>

/* A ones-complement sum does not depend on the byte order it is computed in, except that the result
 * comes out swapped (RFC 1071 §2 B): so whole native words are added, and one swap ends it. */
static uint32_t fold(uint64_t sum) {
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint32_t)sum;
}

uint16_t clinux_internet_sum(const uint8_t *bytes, size_t length, uint32_t start) {
    uint64_t sum = 0;
    size_t i = 0;
    /* 64 bits hold 2^32 words of 32 bits: 16 GiB, more than any packet. */
    for (; length - i >= 4; i += 4) {
        uint32_t word;
        memcpy(&word, bytes + i, sizeof word);
        sum += word;
    }
    if (i < length) {
        uint32_t word = 0;
        memcpy(&word, bytes + i, length - i);
        sum += word;
    }
    uint32_t folded = fold(sum);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    folded = __builtin_bswap16((uint16_t)folded);
#endif
    return (uint16_t)fold((uint64_t)folded + start);
}
