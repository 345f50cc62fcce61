#include "loads.h"
#include "reference.h"

enum { FILE_HEADER = 24, RECORD_HEADER = 16, ETHERNET = 14, UDP = 8, MOLD = 20 };

static inline uint32_t little32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

reference_frames_result reference_read_frames(const uint8_t *pcap, size_t size) {
    reference_frames_result result = {0, 0, 0};
    const uint8_t *end = pcap + size;
    const uint8_t *record = pcap + FILE_HEADER;
    uint64_t expected = 1;
    while (record + RECORD_HEADER <= end) {
        uint32_t captured = little32(record + 8);
        const uint8_t *frame = record + RECORD_HEADER;
        result.sum += little32(record) + little32(record + 4);
        record = frame + captured;
        result.packets++;
        if (captured < ETHERNET + 20 + UDP + MOLD || load16(frame + 12) != 0x0800) continue;
        const uint8_t *ip = frame + ETHERNET;
        if (ip[9] != 17) continue;
        const uint8_t *mold = ip + (size_t)(ip[0] & 15) * 4 + UDP;
        uint64_t first = load64(mold + 10), count = load16(mold + 18);
        if (count == 0xFFFF || first + count <= expected || first > expected) continue;
        const uint8_t *cursor = mold + MOLD;
        for (; first < expected; first++, count--) cursor += 2 + load16(cursor);
        result.sum += reference_read_blocks(&cursor, count);
        result.messages += count;
        expected += count;
    }
    return result;
}
