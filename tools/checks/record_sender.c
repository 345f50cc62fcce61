/* Sends numbered UDP datagrams to a multicast group as raw frames, at a steady rate, and prints how
 * many the interface took: record_sender INTERFACE PACKETS_PER_SECOND SECONDS PAYLOAD_BYTES */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { batch_max = 32, headers = 14 + 20 + 8, frame_max = 1514 };

static uint8_t frames[batch_max][frame_max];

static uint64_t now_ns(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void put16(uint8_t *at, unsigned value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void build(uint8_t *frame, unsigned payload) {
    static const uint8_t start[] = {0x01, 0x00, 0x5e, 0x40, 0x4d, 0x01, 2, 0, 0, 0, 0, 1, 8, 0,
                                    0x45, 0, 0, 0, 0, 0, 0x40, 0, 16, 17, 0, 0, 10, 9, 0, 1,
                                    239, 192, 77, 1, 0x67, 0x20, 0x67, 0x20};
    uint32_t sum = 0;

    memcpy(frame, start, sizeof(start));
    put16(frame + 16, 28 + payload);
    put16(frame + 38, 8 + payload);
    for (unsigned at = 14; at < 34; at += 2) sum += (uint32_t)frame[at] << 8 | frame[at + 1];
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    put16(frame + 24, ~sum & 0xffff);
}

int main(int count, char **arguments) {
    struct mmsghdr messages[batch_max] = {0};
    struct iovec pieces[batch_max];
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
    int one = 1, fd;
    uint64_t sent = 0, total, start, rate;
    unsigned payload;

    if (count != 5) return 2;
    rate = strtoull(arguments[2], NULL, 10);
    total = rate * strtoull(arguments[3], NULL, 10);
    payload = (unsigned)strtoul(arguments[4], NULL, 10);
    if (payload < 8 || headers + payload > frame_max) return 2;
    fd = socket(AF_PACKET, SOCK_RAW, 0);
    address.sll_ifindex = (int)if_nametoindex(arguments[1]);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        perror(arguments[1]);
        return 3;
    }
    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
    for (int index = 0; index < batch_max; index++) {
        build(frames[index], payload);
        pieces[index] = (struct iovec){frames[index], headers + payload};
        messages[index].msg_hdr.msg_iov = &pieces[index];
        messages[index].msg_hdr.msg_iovlen = 1;
    }
    start = now_ns();
    while (sent < total) {
        uint64_t due = (now_ns() - start) * rate / 1000000000u;
        unsigned batch = due > sent + batch_max ? batch_max : (unsigned)(due - sent);
        int taken;

        if (due > total) due = total;
        if (sent + batch > total) batch = (unsigned)(total - sent);
        if (due <= sent || batch == 0) continue;
        for (unsigned index = 0; index < batch; index++) {
            uint64_t number = sent + index;
            memcpy(frames[index] + headers, &number, sizeof(number));
        }
        taken = sendmmsg(fd, messages, batch, 0);
        if (taken < 0 && errno != ENOBUFS && errno != EINTR && errno != EAGAIN) {
            perror("sendmmsg");
            return 3;
        }
        if (taken > 0) sent += (uint64_t)taken;
    }
    printf("%llu %.0f\n", (unsigned long long)sent,
           (double)sent * 1e9 / (double)(now_ns() - start));
    return 0;
}
