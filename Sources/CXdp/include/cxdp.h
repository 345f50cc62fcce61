/* AF_XDP through libxdp and libbpf: what Swift cannot import. */
#ifndef CXDP_H
#define CXDP_H

#include <stddef.h>
#include <stdint.h>
#include <xdp/xsk.h>

/* One AF_XDP socket for reception, with its packet memory and rings. */
typedef struct cxdp_socket {
    struct xsk_ring_prod fill;
    struct xsk_ring_cons receive;
    struct xsk_ring_cons completion;
    struct xsk_umem *umem;
    struct xsk_socket *socket;
} cxdp_socket;

/* Losses that the kernel counts for one socket (XDP_STATISTICS of linux/if_xdp.h). What it finds no
 * chunk for counts as dropped; rx_fill_ring_empty_descs is the same again. */
typedef struct cxdp_statistics {
    uint64_t dropped;
    uint64_t ring_full;
} cxdp_statistics;

enum cxdp_map { CXDP_MAP_SOCKETS, CXDP_MAP_COUNTERS };

/* The functions below return 0 or a descriptor, or a negative errno. */

/* Keeps both libraries from writing to standard error. */
void cxdp_silence(void);

/* A map from 32-bit indices to sockets, or to 64-bit counters, one for each processor. */
int cxdp_map_create(enum cxdp_map kind, uint32_t entries);
int cxdp_map_set_socket(int map, uint32_t index, int socket);
/* Sums counter `index` over the processors. */
int cxdp_map_count(int map, uint32_t index, uint64_t *sum);

/* Loads an XDP program that may see frames in several buffers. `log` receives the verifier's text. */
int cxdp_program_load(const char *name, const uint64_t *instructions, size_t count, char *log,
                      size_t log_bytes);

/* Attaches a program until the returned descriptor is closed, in the driver or in the stack. */
int cxdp_program_attach(int program, unsigned interface_index, int in_driver);

/* Registers `memory` as chunks and binds a socket to a queue. `*step` names what failed. */
int cxdp_socket_open(cxdp_socket *one, const char *interface, uint32_t queue, void *memory,
                     uint64_t bytes, uint32_t chunk_bytes, uint32_t entries, int zero_copy,
                     const char **step);
void cxdp_socket_close(cxdp_socket *one);
int cxdp_socket_descriptor(const cxdp_socket *one);
/* 1 if the socket shares its memory with the driver. */
int cxdp_socket_is_zero_copy(int descriptor);
int cxdp_socket_statistics(int descriptor, cxdp_statistics *statistics);
/* SO_PREFER_BUSY_POLL, SO_BUSY_POLL and SO_BUSY_POLL_BUDGET. */
int cxdp_socket_busy_poll(int descriptor, int microseconds, int budget);

/* Receive queues of an interface as `ethtool -l` has them; ENOTSUP (95) if it does not tell. */
int cxdp_interface_queues(const char *interface);
/* 1 if the interface takes VLAN tags off (`ethtool -k`: rx-vlan-offload), 0 if not or unknown. */
int cxdp_interface_strips_vlan(const char *interface);

/* Received frames: at most `most`, from `*index` on. */
static inline uint32_t cxdp_receive_peek(cxdp_socket *one, uint32_t most, uint32_t *index) {
    return xsk_ring_cons__peek(&one->receive, most, index);
}

static inline uint64_t cxdp_receive_address(const cxdp_socket *one, uint32_t index) {
    return xsk_ring_cons__rx_desc(&one->receive, index)->addr;
}

static inline uint32_t cxdp_receive_length(const cxdp_socket *one, uint32_t index) {
    return xsk_ring_cons__rx_desc(&one->receive, index)->len;
}

static inline void cxdp_receive_release(cxdp_socket *one, uint32_t count) {
    xsk_ring_cons__release(&one->receive, count);
}

/* Writes a chunk into the fill ring, not yet visible to the kernel; 0 if there is no room. */
static inline uint32_t cxdp_fill_add(cxdp_socket *one, uint64_t address) {
    uint32_t index;
    if (!xsk_ring_prod__reserve(&one->fill, 1, &index)) return 0;
    *xsk_ring_prod__fill_addr(&one->fill, index) = address;
    return 1;
}

static inline void cxdp_fill_submit(cxdp_socket *one, uint32_t count) {
    xsk_ring_prod__submit(&one->fill, count);
}

static inline int cxdp_fill_needs_wakeup(const cxdp_socket *one) {
    return xsk_ring_prod__needs_wakeup(&one->fill) != 0;
}

#endif
