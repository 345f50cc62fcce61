/* Reads every field of every ITCH 5.0 message (offsets: itch50.md §2) and writes nothing. */
#include "loads.h"
#include "reference.h"

static inline uint64_t rare_fields(const uint8_t *m) {
    switch (m[0]) {
    case 'S':
    case 'W':
        return m[11];
    case 'R':
        return load64(m + 11) + m[19] + m[20] + load32(m + 21) + m[25] + m[26] + load16(m + 27) +
               m[29] + m[30] + m[31] + m[32] + m[33] + load32(m + 34) + m[38];
    case 'H':
        return load64(m + 11) + m[19] + m[20] + load32(m + 21);
    case 'Y':
    case 'N':
        return load64(m + 11) + m[19];
    case 'L':
        return load32(m + 11) + load64(m + 15) + m[23] + m[24] + m[25];
    case 'V':
        return load64(m + 11) + load64(m + 19) + load64(m + 27);
    case 'K':
        return load64(m + 11) + load32(m + 19) + m[23] + load32(m + 24);
    case 'J':
        return load64(m + 11) + load32(m + 19) + load32(m + 23) + load32(m + 27) + load32(m + 31);
    case 'h':
        return load64(m + 11) + m[19] + m[20];
    case 'Q':
        return load64(m + 11) + load64(m + 19) + load32(m + 27) + load64(m + 31) + m[39];
    case 'B':
        return load64(m + 11);
    case 'I':
        return load64(m + 11) + load64(m + 19) + m[27] + load64(m + 28) + load32(m + 36) +
               load32(m + 40) + load32(m + 44) + m[48] + m[49];
    case 'O':
        return load64(m + 11) + m[19] + load32(m + 20) + load32(m + 24) + load32(m + 28) +
               load64(m + 32) + load32(m + 40) + load32(m + 44);
    default:
        return 0;
    }
}

static inline uint64_t fields(const uint8_t *m) {
    uint64_t common = m[0] + load16(m + 1) + load16(m + 3) + load48(m + 5);
    switch (m[0]) {
    case 'A':
        return common + load64(m + 11) + m[19] + load32(m + 20) + load64(m + 24) + load32(m + 32);
    case 'F':
        return common + load64(m + 11) + m[19] + load32(m + 20) + load64(m + 24) +
               load32(m + 32) + load32(m + 36);
    case 'D':
        return common + load64(m + 11);
    case 'E':
        return common + load64(m + 11) + load32(m + 19) + load64(m + 23);
    case 'X':
        return common + load64(m + 11) + load32(m + 19);
    case 'U':
        return common + load64(m + 11) + load64(m + 19) + load32(m + 27) + load32(m + 31);
    case 'C':
        return common + load64(m + 11) + load32(m + 19) + load64(m + 23) + m[31] + load32(m + 32);
    case 'P':
        return common + load64(m + 11) + m[19] + load32(m + 20) + load64(m + 24) +
               load32(m + 32) + load64(m + 36);
    default:
        return common + rare_fields(m);
    }
}

uint64_t reference_read_blocks(const uint8_t **cursor, size_t count) {
    const uint8_t *block = *cursor;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += fields(block + 2);
        block += 2 + load16(block);
    }
    *cursor = block;
    return sum;
}

uint64_t reference_read_packets(const uint8_t *bytes, const reference_packet *packets,
                                size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *cursor = bytes + packets[i].offset;
        sum += reference_read_blocks(&cursor, packets[i].messages);
    }
    return sum;
}
