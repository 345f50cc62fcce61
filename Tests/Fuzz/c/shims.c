/* The C shims and the header-only tape reader over seeded random input, built with the address and
 * the undefined-behaviour sanitizer (tools/fuzz shims): results are compared with slow, plain forms,
 * and every buffer has exactly the size that the callee is told.
 *
 *     shims ROUNDS SEED
 */
#define _GNU_SOURCE
#include "tapeline_reader.h"

#include "clinux.h"
#include "clinux_crc32c.h"
#include "clinux_digest.h"
#include "clinux_interface.h"
#include "clinux_memory.h"
#include "clinux_udp.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static uint64_t state;

/* SplitMix64. */
static uint64_t next(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static size_t below(size_t bound) { return (size_t)(next() % bound); }

static void require(int condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "shims: %s\n", what);
    abort();
}

static uint8_t *random_bytes(size_t count) {
    uint8_t *bytes = malloc(count > 0 ? count : 1);
    require(bytes != NULL, "no memory");
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)next();
    return bytes;
}

/* RFC 1071, word by word. */
static uint16_t plain_sum(const uint8_t *bytes, size_t length, uint32_t start) {
    uint64_t sum = start;
    for (size_t i = 0; i < length; i++) sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void check_sums(void) {
    size_t length = below(2000), offset = below(length + 1);
    uint8_t *bytes = random_bytes(length);
    uint32_t start = (uint32_t)next();
    uint32_t crc = (uint32_t)next();
    require(clinux_internet_sum(bytes + offset, length - offset, start) ==
                plain_sum(bytes + offset, length - offset, start),
            "internet sum");
    require(clinux_crc32c(crc, bytes + offset, length - offset) ==
                clinux_crc32c_portable(crc, bytes + offset, length - offset),
            "CRC-32C of instruction and table");
    require(clinux_crc32c(clinux_crc32c(0, bytes, offset), bytes + offset, length - offset) ==
                clinux_crc32c(0, bytes, length),
            "CRC-32C in two pieces");
    free(bytes);
}

/* Writes a length of `width` bytes. */
static void put_length(uint8_t *at, size_t value, clinux_framing framing) {
    for (size_t i = 0; i < framing.width; i++) {
        size_t shift = 8 * (framing.big_endian ? framing.width - 1u - i : i);
        at[i] = (uint8_t)(value >> shift);
    }
}

static void check_digests(void) {
    enum { CAPACITY = 64 };
    static const uint8_t widths[] = {1, 2, 4};
    uint64_t table[CAPACITY] = {0};
    size_t count = below(40), length = 0, known = 0;
    uint64_t first = next(), difference = 0;
    clinux_framing framing = {(uint8_t)below(2), 0, widths[below(3)], (uint8_t)below(2)};
    if (framing.kind == CLINUX_INCLUSIVE) framing.offset = (uint8_t)below(5);
    size_t head = framing.offset + framing.width, sizes[40], starts[40];
    for (size_t i = 0; i < count; i++) {
        starts[i] = length;
        length += sizes[i] = head + below(framing.width == 1 ? 200 : 300);
    }
    uint8_t *blocks = random_bytes(length);
    for (size_t i = 0; i < count; i++) {
        size_t excluded = framing.kind == CLINUX_PREFIXED ? framing.width : 0;
        put_length(blocks + starts[i] + framing.offset, sizes[i] - excluded, framing);
    }
    require(clinux_digest_blocks(blocks, length, count, framing, first, table, CAPACITY - 1, 1,
                                 &known, &difference) == 0 && known == 0,
            "an empty table knows nothing");
    require(clinux_digest_blocks(blocks, length, count, framing, first, table, CAPACITY - 1, 1,
                                 &known, &difference) == 0 && known == count,
            "the same again is the same");
    for (size_t i = 0; i < count; i++) {
        if (sizes[i] == head) continue;
        blocks[starts[i] + head + below(sizes[i] - head)] ^= 1;
        size_t found = clinux_digest_blocks(blocks, length, count, framing, first, table,
                                            CAPACITY - 1, 0, &known, &difference);
        require(found == 1 && difference == first + i, "a changed byte is found");
        break;
    }
    free(blocks);
}

/* Lengths never reach beyond what they are told is there without saying so. */
static void check_opra_lengths(void) {
    size_t rest = below(200);
    uint8_t *bytes = random_bytes(rest);
    if (rest > 1 && below(2)) bytes[1] = (uint8_t)"adfkqCHRY"[below(9)];
    size_t length = clinux_opra_length(bytes, rest);
    require(length == 0 ? rest < 12 : length >= 12, "OPRA length");
    free(bytes);
}

/* A tape with a sound or a damaged header in a memory file; every table of it is looked at. */
static void check_reader(void) {
    tapeline_header header;
    uint64_t page = 4096, capacity = 64ULL << below(4);
    uint64_t count = below(20);
    uint64_t channels = page, lines = channels + below(3) * sizeof(tapeline_channel);
    uint64_t counters = lines + below(3) * sizeof(tapeline_line);
    uint64_t top = counters + below(4) * sizeof(tapeline_counter);
    uint64_t instruments = top + (count + 1) * sizeof(tapeline_top);
    uint64_t ring = (instruments + (count + 1) * sizeof(tapeline_instrument) + page - 1) & ~(page - 1);
    memset(&header, 0, sizeof(header));
    header.magic = tapeline_tape_magic;
    header.version = TAPELINE_LAYOUT_VERSION;
    header.header_size = TAPELINE_HEADER_SIZE;
    header.total_size = ring + capacity * sizeof(tapeline_tick);
    header.ring_offset = ring;
    header.ring_capacity = capacity;
    header.first_position = below(3) == 0 ? next() >> 1 : below(100);
    header.channel_offset = channels;
    header.channel_count = (uint32_t)((lines - channels) / sizeof(tapeline_channel));
    header.line_offset = lines;
    header.line_count = (uint32_t)((counters - lines) / sizeof(tapeline_line));
    header.counter_offset = counters;
    header.counter_count = (uint32_t)((top - counters) / sizeof(tapeline_counter));
    header.blob_offset = ring;
    header.instrument_offset = instruments;
    header.top_offset = top;
    header.instrument_capacity = (uint32_t)count;
    header.instrument_count = count;
    header.published = header.first_position + below(400);
    header.claimed = header.published + below(3);
    header.state = below(4);
    uint64_t size = header.total_size;
    size_t damage = below(4);
    int is_damaged = damage > 0;
    for (; damage > 0; damage--) {
        static const uint64_t odd[] = {0, 1, 4095, 4096, 1ULL << 31, 1ULL << 58, UINT64_MAX};
        uint64_t *words = (uint64_t *)&header;
        size_t at = below(3) == 0 ? 128 + below(40) : below(20);
        words[at] = below(2) ? odd[below(7)] : words[at] ^ 1ULL << below(64);
    }
    int fd = memfd_create("tape", MFD_CLOEXEC);
    require(fd >= 0 && ftruncate(fd, (off_t)size) == 0, "memory file");
    require(pwrite(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header), "write");
    tapeline_reader reader;
    memset(&reader, 0, sizeof(reader));
    int code = tapeline_reader_map(&reader, fd, size);
    require(is_damaged || code == 0, "a sound tape is refused");
    if (code == 0) {
        reader.overrun_policy = (int)below(2);
        reader.position = below(2) ? tapeline_reader_oldest(&reader) : header.published;
        tapeline_tick copied[100];
        uint64_t sum = 0;
        for (int round = 0; round < 8; round++) {
            const tapeline_tick *ticks;
            uint64_t most = 1 + below(100);
            int64_t got = below(2) ? tapeline_reader_copy(&reader, copied, most)
                                   : tapeline_reader_poll(&reader, &ticks, most);
            require(got <= (int64_t)most, "more than asked for");
            if (got == TAPELINE_READ_OVERRUN) sum += reader.lost_last - reader.lost_first;
        }
        for (uint32_t instrument = 0; instrument < 24; instrument++) {
            tapeline_top best;
            tapeline_instrument entry;
            if (tapeline_reader_top(&reader, instrument, &best) == 0) sum += best.position;
            if (tapeline_reader_instrument(&reader, instrument, &entry) == 0) sum += entry.code;
        }
        require(tapeline_reader_still_valid(&reader) <= 1 && sum != 0x1234567890ULL, "use");
    }
    tapeline_reader_close(&reader);
    close(fd);
}

static void check_names(void) {
    char object[80], name[90];
    size_t length = below(80);
    for (size_t i = 0; i < length; i++) name[i] = (char)(1 + below(120));
    name[length] = 0;
    int code = tapeline_object_name(name, object, 11 + below(70));
    require(code == 0 || code == EINVAL || code == ENAMETOOLONG, "object name");
    if (code == 0) require(strcmp(object + 10, name) == 0, "object name as given");
}

static void check_ring(void) {
    size_t page = 4096, head = page * (1 + below(3)), ring = page * (1 + below(4));
    int fd = memfd_create("ring", MFD_CLOEXEC);
    require(fd >= 0 && ftruncate(fd, (off_t)(head + ring)) == 0, "memory file");
    uint8_t *base = clinux_map_ring(fd, head + ring, head, ring);
    require(base != NULL, "map");
    size_t at = below(ring);
    base[head + at] = 0x5a;
    require(base[head + ring + at] == 0x5a, "the ring stands twice");
    munmap(base, head + ring + ring);
    require(clinux_map_ring(-1, head + ring, head, ring) == NULL, "no file");
    close(fd);
}

static const clinux_address no_address = {0, 0};

/* Datagrams of any length through receivers with small buffers, over loopback. */
static void check_udp(void) {
    const char *step = "";
    unsigned loopback = if_nametoindex("lo");
    clinux_address group = {0, 0xffffefc1f000u + below(4096)};
    clinux_address local = {0, 0xffff7f000001u};
    uint16_t port = (uint16_t)(40000 + below(20000));
    clinux_udp_options options = {1 << 16, 0, (int)below(2)};
    int receive = clinux_udp_open(group, port, loopback, &options, &step);
    int sender = clinux_udp_sender(group, below(2) ? local : no_address, loopback, &step);
    require(receive >= 0 && sender >= 0, step);
    require(clinux_udp_join(receive, group, NULL, loopback) == 0, "join");
    unsigned batch = 1 + (unsigned)below(5);
    size_t size = 1 + below(600);
    clinux_receiver *receiver = clinux_receiver_create(receive, batch);
    clinux_datagram *out = calloc(batch, sizeof(*out));
    uint8_t *memory = malloc(batch * size);
    require(receiver != NULL && out != NULL && memory != NULL, "no memory");
    size_t lengths[8], sent = below(8);
    for (size_t i = 0; i < sent; i++) {
        lengths[i] = below(1200);
        uint8_t *bytes = random_bytes(lengths[i]);
        memset(bytes, (int)i, lengths[i]);
        require(clinux_udp_send(sender, group, port, loopback, bytes, lengths[i]) == 0, "send");
        free(bytes);
    }
    size_t received = 0;
    unsigned asked = 1 + (unsigned)below(batch);
    for (int count; (count = clinux_receiver_take(receiver, memory, size, asked, out)) != 0;) {
        require(count > 0 && (unsigned)count <= asked, "take");
        for (int i = 0; i < count; i++, received++) {
            require(received < sent && out[i].original_length == lengths[received], "length");
            size_t there = out[i].original_length < size ? out[i].original_length : size;
            for (size_t at = 0; at < there; at++) {
                require(memory[(size_t)i * size + at] == received, "bytes");
            }
        }
    }
    require(received == sent, "loopback lost a datagram");
    uint32_t drops = 1;
    require(clinux_udp_drops(receive, &drops) == 0 && drops == 0, "drops");
    require(clinux_udp_receive_buffer(receive) > 0, "buffer");
    require(clinux_udp_leave(receive, group, loopback) == 0, "leave");
    clinux_receiver_destroy(receiver);
    free(memory);
    free(out);
    close(receive);
    close(sender);
}

/* Control messages of any bytes. */
static void check_controls(void) {
    uint8_t name[CLINUX_NAME_SIZE] __attribute__((aligned(8)));
    size_t length = below(CLINUX_CONTROL_SIZE + 1);
    uint8_t *control = random_bytes(length);
    for (size_t i = 0; i < sizeof(name); i++) name[i] = (uint8_t)next();
    if (below(2)) name[0] = (uint8_t)(below(2) ? 2 : 10), name[1] = 0;
    for (size_t at = 0; at + 16 <= length; at += 16) {
        size_t header[1] = {below(3) ? 16 + below(64) : (size_t)next()};
        int kind[2] = {1, below(2) ? 37 : 40};
        memcpy(control + at, header, sizeof(header));
        memcpy(control + at + 8, kind, sizeof(kind));
        if (below(2)) break;
    }
    clinux_datagram out;
    clinux_udp_describe(name, control, length, &out);
    require(out.has_drops <= 1, "controls");
    free(control);
}

/* The kernel's answer for names that are there, are not, and cannot be. */
static void check_links(void) {
    clinux_link link;
    int fd = clinux_link_socket();
    require(fd >= 0, "netlink socket");
    require(clinux_link_read(fd, "lo", &link) == 0 && link.index == if_nametoindex("lo"), "lo");
    require(clinux_link_read(fd, "no-such-0", &link) == -1 && errno == ENODEV, "no interface");
    require(clinux_link_read(fd, "a-name-that-is-too-long", &link) == -1, "long name");
    close(fd);
}

int main(int count, char **arguments) {
    long rounds = count > 1 ? strtol(arguments[1], NULL, 10) : 1000;
    state = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
    for (long round = 0; round < rounds; round++) {
        check_sums();
        check_digests();
        check_opra_lengths();
        check_reader();
        check_names();
        if (round % 16 == 0) check_ring();
        if (round % 64 == 0) check_udp();
        check_controls();
        if (round % 64 == 0) check_links();
    }
    printf("%ld rounds\n", rounds);
    return 0;
}
