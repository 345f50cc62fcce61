#include "clinux_crc32c.h"

#include <string.h>

/* One nibble at a time: sixteen entries fit one cache line and need no set-up. */
static const uint32_t nibbles[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t clinux_crc32c_portable(uint32_t crc, const void *bytes, size_t length) {
    const uint8_t *at = (const uint8_t *)bytes;
    crc = ~crc;
    while (length-- > 0) {
        crc ^= *at++;
        crc = nibbles[crc & 15] ^ (crc >> 4);
        crc = nibbles[crc & 15] ^ (crc >> 4);
    }
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_hardware(uint32_t crc, const void *bytes,
                                                                  size_t length) {
    const uint8_t *at = (const uint8_t *)bytes;
    uint64_t state = (uint32_t)~crc;
    for (; length >= 8; at += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        state = __builtin_ia32_crc32di(state, word);
    }
    for (; length > 0; at++, length--) {
        state = __builtin_ia32_crc32qi((uint32_t)state, *at);
    }
    return ~(uint32_t)state;
}

uint32_t clinux_crc32c(uint32_t crc, const void *bytes, size_t length) {
    if (__builtin_cpu_supports("sse4.2")) return crc32c_hardware(crc, bytes, length);
    return clinux_crc32c_portable(crc, bytes, length);
}
#else
uint32_t clinux_crc32c(uint32_t crc, const void *bytes, size_t length) {
    return clinux_crc32c_portable(crc, bytes, length);
}
#endif
