#include "clinux.h"

uint16_t clinux_internet_sum(const uint8_t *bytes, size_t length, uint32_t start) {
    uint64_t sum = start;
    size_t i = 0;
    for (; i + 1 < length; i += 2) sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    if (i < length) sum += (uint32_t)bytes[i] << 8;
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
