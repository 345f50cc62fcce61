#define _GNU_SOURCE
#include "loads.h"
#include "reference.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <liburing.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
/* libpcap's instructions have the name of the kernel's newer ones. */
#define bpf_insn pcap_bpf_insn
#include <pcap/pcap.h>
#undef bpf_insn
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp/libxdp.h>
#include <xdp/xsk.h>

/* Places in a frame of Ethernet, IPv4 without options, UDP, MoldUDP64, and of the first order's
 * reference in the payload. */
enum { PORT = 14 + 20 + 2, PAYLOAD = 14 + 20 + 8, REFERENCE = 20 + 2 + 11 };
enum { BUFFER = 2048, SILENCE_NANOSECONDS = 50000000 };

struct reference_receiver {
    enum reference_method method;
    uint16_t port;
    int socket;
    unsigned frames;
    /* Ring, buffers or packet memory. */
    uint8_t *memory;
    size_t bytes;
    /* TPACKET_V2 */
    unsigned slot, slots;
    /* io_uring */
    struct io_uring ring;
    struct io_uring_buf_ring *buffers;
    /* AF_XDP */
    struct xsk_umem *umem;
    struct xsk_socket *xsk;
    struct xsk_ring_prod fill;
    struct xsk_ring_cons receive, completion;
    int map, program, link;
    /* libpcap */
    pcap_t *pcap;
    /* Of the run. */
    uint64_t *latencies;
    uint64_t received, count;
};

static void note(reference_receiver *r, const uint8_t *payload) {
    uint64_t now = reference_now();
    if (r->received < r->count) {
        r->latencies[r->received++] = now - (load64(payload + REFERENCE) >> 1);
    }
}

static void note_frame(reference_receiver *r, const uint8_t *frame, size_t size) {
    if (size > PAYLOAD + REFERENCE + 8 && load16(frame + PORT) == r->port) {
        note(r, frame + PAYLOAD);
    }
}

static uint8_t *map_memory(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* ---- recv ---- */

static const char *open_socket(reference_receiver *r, const char *interface, const char *group,
                               size_t bytes) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(r->port)};
    struct ip_mreqn membership = {.imr_ifindex = (int)if_nametoindex(interface)};
    int one = 1, size = (int)bytes;
    inet_pton(AF_INET, group, &at.sin_addr);
    membership.imr_multiaddr = at.sin_addr;
    r->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (r->socket < 0) return "socket";
    (void)setsockopt(r->socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    if (setsockopt(r->socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(r->socket, (struct sockaddr *)&at, sizeof(at)) != 0) {
        return "bind";
    }
    if (setsockopt(r->socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership)) != 0) {
        return "IP_ADD_MEMBERSHIP";
    }
    return NULL;
}

static int poll_socket(reference_receiver *r) {
    uint8_t packet[BUFFER];
    ssize_t size = recv(r->socket, packet, sizeof(packet), MSG_DONTWAIT);
    if (size < REFERENCE + 8) return 0;
    note(r, packet);
    return 1;
}

/* ---- io_uring ---- */

static void arm(reference_receiver *r) {
    struct io_uring_sqe *entry = io_uring_get_sqe(&r->ring);
    io_uring_prep_recv_multishot(entry, r->socket, NULL, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = 0;
    io_uring_submit(&r->ring);
}

static const char *open_uring(reference_receiver *r) {
    struct io_uring_params parameters = {
        .flags = IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER |
                 IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE,
        .cq_entries = 2 * r->frames};
    r->bytes = (size_t)r->frames * BUFFER;
    r->memory = map_memory(r->bytes);
    r->buffers = (void *)map_memory(r->frames * sizeof(struct io_uring_buf));
    if (r->memory == NULL || r->buffers == NULL) return "mmap";
    int code = io_uring_queue_init_params(8, &r->ring, &parameters);
    if (code != 0) {
        r->ring.ring_fd = -1;
        errno = -code;
        return "io_uring_setup";
    }
    struct io_uring_buf_reg registration = {
        .ring_addr = (uint64_t)(uintptr_t)r->buffers, .ring_entries = r->frames};
    code = io_uring_register_buf_ring(&r->ring, &registration, 0);
    if (code != 0) {
        errno = -code;
        return "IORING_REGISTER_PBUF_RING";
    }
    io_uring_buf_ring_init(r->buffers);
    for (unsigned i = 0; i < r->frames; i++) {
        io_uring_buf_ring_add(r->buffers, r->memory + (size_t)i * BUFFER, BUFFER,
                              (unsigned short)i, io_uring_buf_ring_mask(r->frames), (int)i);
    }
    io_uring_buf_ring_advance(r->buffers, (int)r->frames);
    arm(r);
    return NULL;
}

static int poll_uring(reference_receiver *r) {
    struct io_uring_cqe *completion;
    unsigned head, seen = 0, given = 0;
    int ended = 0;
    if (io_uring_cq_ready(&r->ring) == 0) {
        if (!(IO_URING_READ_ONCE(*r->ring.sq.kflags) & IORING_SQ_TASKRUN)) return 0;
        io_uring_get_events(&r->ring);
    }
    io_uring_for_each_cqe(&r->ring, head, completion) {
        seen++;
        if (!(completion->flags & IORING_CQE_F_MORE)) ended = 1;
        if (!(completion->flags & IORING_CQE_F_BUFFER)) continue;
        unsigned buffer = completion->flags >> IORING_CQE_BUFFER_SHIFT;
        uint8_t *bytes = r->memory + (size_t)buffer * BUFFER;
        if (completion->res >= REFERENCE + 8) note(r, bytes);
        io_uring_buf_ring_add(r->buffers, bytes, BUFFER, (unsigned short)buffer,
                              io_uring_buf_ring_mask(r->frames), (int)given++);
    }
    io_uring_cq_advance(&r->ring, seen);
    io_uring_buf_ring_advance(r->buffers, (int)given);
    if (ended) arm(r);
    return given > 0;
}

/* ---- TPACKET_V2 ---- */

static const char *open_packet(reference_receiver *r, const char *interface, size_t bytes) {
    enum { BLOCK = 1 << 16 };
    int version = TPACKET_V2;
    struct tpacket_req ring = {.tp_block_size = BLOCK,
                               .tp_block_nr = (unsigned)(bytes / BLOCK),
                               .tp_frame_size = BUFFER,
                               .tp_frame_nr = (unsigned)(bytes / BUFFER)};
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_IP),
                             .sll_ifindex = (int)if_nametoindex(interface)};
    r->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (r->socket < 0) return "socket";
    if (setsockopt(r->socket, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) != 0 ||
        setsockopt(r->socket, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)) != 0) {
        return "PACKET_RX_RING";
    }
    r->bytes = bytes / BLOCK * BLOCK;
    void *memory = mmap(NULL, r->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                        r->socket, 0);
    if (memory == MAP_FAILED) return "mmap";
    r->memory = memory;
    r->slots = ring.tp_frame_nr;
    return bind(r->socket, (struct sockaddr *)&at, sizeof(at)) == 0 ? NULL : "bind";
}

static int poll_packet(reference_receiver *r) {
    struct tpacket2_hdr *header = (void *)(r->memory + (size_t)r->slot * BUFFER);
    if (!(__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) return 0;
    note_frame(r, (uint8_t *)header + header->tp_mac, header->tp_snaplen);
    __atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    if (++r->slot == r->slots) r->slot = 0;
    return 1;
}

/* ---- AF_XDP ---- */

static int silent(enum libxdp_print_level level, const char *format, va_list arguments) {
    (void)level, (void)format, (void)arguments;
    return 0;
}

/* Redirects every frame to the socket of its queue. */
static int load_redirect(int map) {
    const struct bpf_insn code[] = {
        /* r2 = context->rx_queue_index; r1 = map; r3 = XDP_PASS; return bpf_redirect_map */
        {.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 1,
         .off = offsetof(struct xdp_md, rx_queue_index)},
        {.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD, .imm = map},
        {0},
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = XDP_PASS},
        {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map},
        {.code = BPF_JMP | BPF_EXIT},
    };
    return bpf_prog_load(BPF_PROG_TYPE_XDP, "reference", "GPL", code,
                         sizeof(code) / sizeof(code[0]), NULL);
}

static const char *open_xdp(reference_receiver *r, const char *interface) {
    unsigned entries = 64;
    uint32_t first = 0, queue = 0;
    while (entries < r->frames) entries *= 2;
    struct xsk_umem_config memory = {.fill_size = entries,
                                     .comp_size = 64,
                                     .frame_size = BUFFER,
                                     .frame_headroom = 0};
    struct xsk_socket_config socket = {.rx_size = entries,
                                       .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
                                       .bind_flags = XDP_USE_NEED_WAKEUP | XDP_COPY};
    libxdp_set_print(silent);
    r->bytes = (size_t)r->frames * BUFFER;
    r->memory = map_memory(r->bytes);
    if (r->memory == NULL) return "mmap";
    /* The kernel lets go of a queue some time after its last socket was closed. */
    int code = -EBUSY;
    for (int tries = 0; code == -EBUSY && tries < 200; tries++) {
        if (tries > 0) usleep(10000);
        code = xsk_umem__create(&r->umem, r->memory, r->bytes, &r->fill, &r->completion, &memory);
        if (code != 0) break;
        code = xsk_socket__create(&r->xsk, interface, queue, r->umem, &r->receive, NULL, &socket);
        if (code == 0) break;
        xsk_umem__delete(r->umem);
        r->umem = NULL;
    }
    if (code != 0) {
        errno = -code;
        return "AF_XDP socket";
    }
    r->socket = xsk_socket__fd(r->xsk);
    xsk_ring_prod__reserve(&r->fill, r->frames, &first);
    for (unsigned i = 0; i < r->frames; i++) {
        *xsk_ring_prod__fill_addr(&r->fill, first + i) = (uint64_t)i * BUFFER;
    }
    xsk_ring_prod__submit(&r->fill, r->frames);
    r->map = bpf_map_create(BPF_MAP_TYPE_XSKMAP, "reference", 4, 4, 1, NULL);
    if (r->map < 0) return "BPF map";
    r->program = load_redirect(r->map);
    if (r->program < 0) return "BPF program";
    if (bpf_map_update_elem(r->map, &queue, &r->socket, 0) != 0) return "socket in BPF map";
    DECLARE_LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
    r->link = bpf_link_create(r->program, (int)if_nametoindex(interface), BPF_XDP, &options);
    return r->link < 0 ? "attaching the XDP program" : NULL;
}

static int poll_xdp(reference_receiver *r) {
    uint32_t index, fill = 0;
    unsigned count = xsk_ring_cons__peek(&r->receive, 64, &index);
    if (count == 0) {
        if (xsk_ring_prod__needs_wakeup(&r->fill)) recv(r->socket, NULL, 0, MSG_DONTWAIT);
        return 0;
    }
    xsk_ring_prod__reserve(&r->fill, count, &fill);
    for (unsigned i = 0; i < count; i++) {
        const struct xdp_desc *descriptor = xsk_ring_cons__rx_desc(&r->receive, index + i);
        note_frame(r, r->memory + descriptor->addr, descriptor->len);
        *xsk_ring_prod__fill_addr(&r->fill, fill + i) =
            descriptor->addr & ~(uint64_t)(BUFFER - 1);
    }
    xsk_ring_cons__release(&r->receive, count);
    xsk_ring_prod__submit(&r->fill, count);
    return 1;
}

/* ---- libpcap ---- */

static const char *open_pcap(reference_receiver *r, const char *interface, size_t bytes) {
    char text[PCAP_ERRBUF_SIZE];
    struct bpf_program filter;
    r->pcap = pcap_create(interface, text);
    if (r->pcap == NULL) return "pcap_create";
    pcap_set_snaplen(r->pcap, BUFFER);
    pcap_set_immediate_mode(r->pcap, 1);
    pcap_set_buffer_size(r->pcap, (int)bytes);
    if (pcap_activate(r->pcap) < 0) return "pcap_activate";
    if (pcap_setnonblock(r->pcap, 1, text) != 0) return "pcap_setnonblock";
    if (pcap_compile(r->pcap, &filter, "udp", 1, PCAP_NETMASK_UNKNOWN) != 0) return "pcap_compile";
    int code = pcap_setfilter(r->pcap, &filter);
    pcap_freecode(&filter);
    return code == 0 ? NULL : "pcap_setfilter";
}

static void note_pcap(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes) {
    note_frame((reference_receiver *)user, bytes, header->caplen);
}

static int poll_pcap(reference_receiver *r) {
    return pcap_dispatch(r->pcap, 64, note_pcap, (u_char *)r) > 0;
}

/* ---- all ---- */

reference_receiver *reference_receiver_open(enum reference_method method, const char *interface,
                                            const char *group, uint16_t port, size_t ring_bytes,
                                            unsigned frames, const char **step) {
    reference_receiver *r = calloc(1, sizeof(*r));
    *step = "calloc";
    if (r == NULL) return NULL;
    r->method = method;
    r->port = port;
    r->frames = frames;
    r->socket = r->map = r->program = r->link = r->ring.ring_fd = -1;
    switch (method) {
    case REFERENCE_SOCKET: *step = open_socket(r, interface, group, ring_bytes); break;
    case REFERENCE_URING:
        *step = open_socket(r, interface, group, ring_bytes);
        if (*step == NULL) *step = open_uring(r);
        break;
    case REFERENCE_PACKET: *step = open_packet(r, interface, ring_bytes); break;
    case REFERENCE_XDP: *step = open_xdp(r, interface); break;
    case REFERENCE_PCAP: *step = open_pcap(r, interface, ring_bytes); break;
    }
    if (*step == NULL) return r;
    int code = errno;
    reference_receiver_close(r);
    errno = code;
    return NULL;
}

void reference_receiver_close(reference_receiver *r) {
    if (r->link >= 0) close(r->link);
    if (r->ring.ring_fd >= 0) io_uring_queue_exit(&r->ring);
    if (r->xsk != NULL) xsk_socket__delete(r->xsk);
    else if (r->socket >= 0) close(r->socket);
    if (r->umem != NULL) xsk_umem__delete(r->umem);
    if (r->program >= 0) close(r->program);
    if (r->map >= 0) close(r->map);
    if (r->pcap != NULL) pcap_close(r->pcap);
    if (r->memory != NULL) munmap(r->memory, r->bytes);
    if (r->buffers != NULL) munmap(r->buffers, r->frames * sizeof(struct io_uring_buf));
    free(r);
}

static inline __attribute__((always_inline)) uint64_t run(reference_receiver *r,
                                                          int (*poll)(reference_receiver *),
                                                          const int *sent_all) {
    uint64_t last = 0;
    while (r->received < r->count) {
        if (poll(r)) {
            last = 0;
        } else if (__atomic_load_n(sent_all, __ATOMIC_ACQUIRE)) {
            uint64_t now = reference_now();
            if (last == 0) last = now;
            if (now - last > SILENCE_NANOSECONDS) break;
        }
    }
    return r->received;
}

uint64_t reference_receiver_run(reference_receiver *r, uint64_t *latencies, uint64_t count,
                                const int *sent_all) {
    r->latencies = latencies;
    r->count = count;
    r->received = 0;
    switch (r->method) {
    case REFERENCE_SOCKET: return run(r, poll_socket, sent_all);
    case REFERENCE_URING: return run(r, poll_uring, sent_all);
    case REFERENCE_PACKET: return run(r, poll_packet, sent_all);
    case REFERENCE_XDP: return run(r, poll_xdp, sent_all);
    case REFERENCE_PCAP: return run(r, poll_pcap, sent_all);
    }
    return 0;
}
