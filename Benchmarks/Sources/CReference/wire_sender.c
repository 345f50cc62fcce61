#define _GNU_SOURCE
#include "loads.h"
#include "reference.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Places in a frame: Ethernet, IPv4 without options, UDP, MoldUDP64. */
enum { IP = 14, UDP = IP + 20, MOLD = UDP + 8, SEQUENCE = MOLD + 10, COUNT = MOLD + 18, BLOCKS = MOLD + 20 };
/* Linux 6.2; the headers here may be older. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif
enum { FRAME_MAX = 1514, MESSAGES_MAX = 64 };
/* A pacing sender that was kept from its processor for longer than this goes on at its pace instead of
 * catching up at full speed, which no receiver is paced for. */
enum { LAG_MAX_NANOSECONDS = 100000 };
/* Packets handed to the kernel at once at most. Order references live for a run of packets; the frames
 * of a slot never change their instrument, so the run is a whole number of slots. */
enum { SLOTS = 64, RUN = 16 * SLOTS };

typedef struct frame {
    uint8_t bytes[FRAME_MAX];
    uint16_t size;
    uint16_t messages;
    /* Places of order references, in order. */
    uint16_t references[MESSAGES_MAX];
    /* Which of the packet's orders each is. */
    uint8_t orders[MESSAGES_MAX];
} frame;

/* One kind of packet of the flow, side by side as the kernel cuts them up. */
typedef struct flow {
    frame first;
    /* Of a UDP payload. */
    uint16_t size;
    uint8_t payloads[SLOTS * FRAME_MAX];
} flow;

struct reference_sender {
    /* For packets one by one, past the queueing discipline. */
    int socket;
    /* For runs of packets, which the kernel cuts up (UDP segmentation): one call, and one round of its
     * receive path, for many. Taken one by one they cost it about 1.7 us each. */
    int bulk;
    uint8_t header[BLOCKS];
    frame stamped;
    flow adds, deletes;
};

static void store16(uint8_t *bytes, uint16_t value) {
    value = __builtin_bswap16(value);
    memcpy(bytes, &value, sizeof(value));
}

static void store32(uint8_t *bytes, uint32_t value) {
    value = __builtin_bswap32(value);
    memcpy(bytes, &value, sizeof(value));
}

static void store64(uint8_t *bytes, uint64_t value) {
    value = __builtin_bswap64(value);
    memcpy(bytes, &value, sizeof(value));
}

static uint64_t sum16(const uint8_t *bytes, unsigned size) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < size; i += 2) sum += load16(bytes + i);
    return sum;
}

static uint16_t fold(uint64_t sum) {
    while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)sum;
}

/* ---- messages ---- */

/* A message block's length field and message; sizes of ITCH 5.0. */
enum { LENGTH = 2, ADD = 36, EXECUTE = 31, CANCEL = 23, DELETE = 19 };

static uint8_t *begin(frame *f, char type, size_t size, uint16_t instrument, unsigned order) {
    uint8_t *message = f->bytes + f->size + LENGTH;
    memset(message, 0, size);
    store16(message - LENGTH, (uint16_t)size);
    message[0] = (uint8_t)type;
    store16(message + 1, instrument);
    f->references[f->messages] = (uint16_t)(f->size + LENGTH + 11);
    f->orders[f->messages] = (uint8_t)order;
    f->messages++;
    f->size = (uint16_t)(f->size + LENGTH + size);
    return message;
}

static void add(frame *f, uint16_t instrument, unsigned order, uint32_t price) {
    uint8_t *message = begin(f, 'A', ADD, instrument, order);
    message[19] = order % 2 == 0 ? 'B' : 'S';
    store32(message + 20, 100);
    memcpy(message + 24, "TAPE0000", 8);
    for (int digit = 7; digit > 3; digit--, instrument /= 10) message[24 + digit] += instrument % 10;
    store32(message + 32, price);
}

static void reduce(frame *f, char type, uint16_t instrument, unsigned order) {
    store32(begin(f, type, type == 'E' ? EXECUTE : CANCEL, instrument, order) + 19, 10);
}

/* ---- frames ---- */

static void make_header(uint8_t *header, uint32_t group, uint16_t port) {
    static const uint8_t ethernet[] = {0x01, 0, 0x5E, 0, 0, 0, 0x02, 0, 0, 0, 0, 1, 0x08, 0x00};
    memset(header, 0, BLOCKS);
    memcpy(header, ethernet, sizeof(ethernet));
    memcpy(header + 3, (uint8_t *)&group + 1, 3);
    header[3] &= 0x7F;
    header[IP] = 0x45;
    header[IP + 6] = 0x40;
    header[IP + 8] = 8;
    header[IP + 9] = IPPROTO_UDP;
    store32(header + IP + 12, 0x0A4D0002); /* 10.77.0.2 */
    memcpy(header + IP + 16, &group, 4);
    store16(header + UDP, port);
    store16(header + UDP + 2, port);
    memcpy(header + MOLD, "WIRE      ", 10);
}

static void start_frame(const reference_sender *s, frame *f) {
    memset(f, 0, sizeof(*f));
    memcpy(f->bytes, s->header, BLOCKS);
    f->size = BLOCKS;
}

/* Fills in lengths and the IPv4 checksum. The UDP checksum stays 0, for none, so that references can be
 * written in place. */
static void finish_frame(frame *f) {
    store16(f->bytes + IP + 2, (uint16_t)(f->size - IP));
    store16(f->bytes + UDP + 4, (uint16_t)(f->size - UDP));
    store16(f->bytes + COUNT, f->messages);
    store16(f->bytes + IP + 10, (uint16_t)~fold(sum16(f->bytes + IP, UDP - IP)));
}

/* Orders that an adding packet of the flow holds, and how many of them are executed in part before
 * they are deleted. */
static unsigned flow_orders(size_t bytes) {
    unsigned orders = (unsigned)((bytes - BLOCKS + ADD / 2) / (LENGTH + ADD));
    while (BLOCKS + orders * (LENGTH + ADD) > FRAME_MAX) orders--;
    return orders;
}

static unsigned flow_executions(size_t bytes) {
    unsigned orders = flow_orders(bytes);
    size_t size = BLOCKS + orders * (LENGTH + DELETE), full = BLOCKS + orders * (LENGTH + ADD);
    return size < full ? (unsigned)((full - size) / (LENGTH + EXECUTE)) : 0;
}

size_t reference_flow_add_bytes(size_t bytes) {
    return BLOCKS + flow_orders(bytes) * (LENGTH + ADD);
}

size_t reference_flow_delete_bytes(size_t bytes) {
    return BLOCKS + flow_orders(bytes) * (LENGTH + DELETE) +
           flow_executions(bytes) * (LENGTH + EXECUTE);
}

static void make_flow(reference_sender *s, size_t bytes) {
    unsigned orders = flow_orders(bytes), executions = flow_executions(bytes);
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        frame *adds = &s->adds.first, *deletes = &s->deletes.first;
        uint16_t instrument = (uint16_t)(1 + slot);
        start_frame(s, adds);
        start_frame(s, deletes);
        for (unsigned order = 0; order < orders; order++) {
            uint32_t distance = 100 * (1 + (slot + 7 * order) % 40);
            add(adds, instrument, order, order % 2 == 0 ? 1000000 - distance : 1000000 + distance);
        }
        for (unsigned order = 0; order < executions; order++) reduce(deletes, 'E', instrument, order);
        for (unsigned order = 0; order < orders; order++) begin(deletes, 'D', DELETE, instrument, order);
        finish_frame(adds);
        finish_frame(deletes);
        s->adds.size = (uint16_t)(adds->size - MOLD);
        s->deletes.size = (uint16_t)(deletes->size - MOLD);
        memcpy(s->adds.payloads + slot * s->adds.size, adds->bytes + MOLD, s->adds.size);
        memcpy(s->deletes.payloads + slot * s->deletes.size, deletes->bytes + MOLD, s->deletes.size);
    }
}

static uint64_t messages_before(uint64_t packet, unsigned orders, unsigned executions) {
    uint64_t pairs = packet / (2 * RUN), rest = packet % (2 * RUN);
    uint64_t adds = rest < RUN ? rest : RUN, deletes = rest - adds;
    return (pairs * RUN + adds) * orders + (pairs * RUN + deletes) * (orders + executions);
}

uint64_t reference_flow_messages(size_t bytes, uint64_t packets) {
    return messages_before(packets, flow_orders(bytes), flow_executions(bytes));
}

/* ---- sending ---- */

static int open_sender(const char *interface, int option) {
    /* Of no protocol: it receives nothing. */
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface)};
    int one = 1, s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (s < 0) return -1;
    if (bind(s, (struct sockaddr *)&at, sizeof(at)) == 0 &&
        setsockopt(s, SOL_PACKET, option, &one, sizeof(one)) == 0) {
        return s;
    }
    int code = errno;
    close(s);
    errno = code;
    return -1;
}

reference_sender *reference_sender_open(const char *interface, const char *group, uint16_t port) {
    struct in_addr address;
    reference_sender *s = calloc(1, sizeof(*s));
    if (s == NULL) return NULL;
    s->socket = open_sender(interface, PACKET_QDISC_BYPASS);
    s->bulk = open_sender(interface, PACKET_VNET_HDR);
    if (s->socket >= 0 && s->bulk >= 0) {
        if (inet_pton(AF_INET, group, &address) == 1) {
            make_header(s->header, address.s_addr, port);
            return s;
        }
        errno = EINVAL;
    }
    int code = errno;
    reference_sender_close(s);
    errno = code;
    return NULL;
}

void reference_sender_close(reference_sender *s) {
    if (s->socket >= 0) close(s->socket);
    if (s->bulk >= 0) close(s->bulk);
    free(s);
}

/* How many packets are due; moves the start where the sender has fallen behind. */
static inline uint64_t due(uint64_t *start, uint64_t now, uint64_t tried, double nanoseconds) {
    uint64_t next = *start + (uint64_t)((double)tried * nanoseconds);
    if (now < next) return 0;
    if (now - next > LAG_MAX_NANOSECONDS) {
        *start += now - next;
        return 1;
    }
    return 1 + (uint64_t)((double)(now - next) / nanoseconds);
}

reference_sent reference_send_stamped(reference_sender *s, uint64_t count, double rate) {
    frame *f = &s->stamped;
    reference_sent sent = {0, 0, 0};
    double interval = 1e9 / rate;
    uint64_t first = reference_now(), start = first;
    start_frame(s, f);
    add(f, 1, 0, 10000);
    reduce(f, 'X', 1, 0);
    begin(f, 'D', DELETE, 1, 0);
    add(f, 1, 1, 20000);
    begin(f, 'D', DELETE, 1, 1);
    finish_frame(f);
    while (sent.tried < count) {
        uint64_t now = reference_now();
        if (due(&start, now, sent.tried, interval) == 0) continue;
        store64(f->bytes + SEQUENCE, 1 + sent.tried * f->messages);
        for (int m = 0; m < f->messages; m++) {
            store64(f->bytes + f->references[m], now << 1 | f->orders[m]);
        }
        if (send(s->socket, f->bytes, f->size, 0) != f->size) sent.refused++;
        sent.tried++;
    }
    sent.nanoseconds = reference_now() - first;
    return sent;
}

/* Sends `count` packets of a flow, from `slot` on, as one that the kernel cuts up. Those that the wire
 * refuses are counted by the interface alone: the call knows of the last of them only. */
static void send_run(reference_sender *s, const flow *f, unsigned slot, unsigned count) {
    struct {
        struct virtio_net_hdr offload;
        uint8_t bytes[MOLD];
    } __attribute__((packed)) header;
    unsigned size = count * f->size;
    memset(&header.offload, 0, sizeof(header.offload));
    header.offload.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    header.offload.csum_start = UDP;
    header.offload.csum_offset = 6;
    header.offload.hdr_len = MOLD;
    if (count > 1) {
        header.offload.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
        header.offload.gso_size = f->size;
    }
    memcpy(header.bytes, s->header, MOLD);
    store16(header.bytes + IP + 2, (uint16_t)(MOLD - IP + size));
    store16(header.bytes + IP + 10, (uint16_t)~fold(sum16(header.bytes + IP, UDP - IP)));
    store16(header.bytes + UDP + 4, (uint16_t)(MOLD - UDP + size));
    /* The kernel adds what follows to the sum of the pseudo header. */
    store16(header.bytes + UDP + 6,
            fold(sum16(header.bytes + IP + 12, 8) + IPPROTO_UDP + MOLD - UDP + size));
    struct iovec parts[] = {{&header, sizeof(header)},
                            {(void *)(f->payloads + slot * f->size), size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    (void)sendmsg(s->bulk, &message, 0);
}

static void patch(flow *f, unsigned slot, uint64_t sequence, uint64_t reference) {
    uint8_t *payload = f->payloads + slot * f->size - MOLD;
    store64(payload + SEQUENCE, sequence);
    for (unsigned m = 0; m < f->first.messages; m++) {
        store64(payload + f->first.references[m], reference + f->first.orders[m]);
    }
}

uint64_t reference_send_flow(reference_sender *s, size_t bytes, uint64_t count, double rate,
                             uint64_t *nanoseconds) {
    unsigned orders = flow_orders(bytes), executions = flow_executions(bytes);
    double interval = rate > 0 ? 1e9 / rate : 0;
    uint64_t tried = 0;
    make_flow(s, bytes);
    count = (count + 2 * RUN - 1) / (2 * RUN) * (2 * RUN);
    uint64_t first = reference_now(), start = first;
    while (tried < count) {
        unsigned slot = (unsigned)(tried % SLOTS), most = SLOTS - slot;
        if (interval > 0) {
            uint64_t now = due(&start, reference_now(), tried, interval);
            if (now == 0) continue;
            if (most > now) most = (unsigned)now;
        }
        uint64_t round = tried / (2 * RUN), rest = tried % (2 * RUN);
        flow *f = rest >= RUN ? &s->deletes : &s->adds;
        uint64_t build = round * RUN + rest % RUN;
        uint64_t sequence = 1 + messages_before(tried, orders, executions);
        for (unsigned i = 0; i < most; i++) {
            patch(f, slot + i, sequence, 1 + (build + i) * orders);
            sequence += f->first.messages;
        }
        send_run(s, f, slot, most);
        tried += most;
    }
    *nanoseconds = reference_now() - first;
    return tried;
}
