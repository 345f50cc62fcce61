/* UDP multicast sockets: joining, and receiving in batches with stamps and drop counts. */
#ifndef CLINUX_UDP_H
#define CLINUX_UDP_H

#include <stddef.h>
#include <stdint.h>

/* One received datagram. `bytes` stays valid until the next receive of the same receiver. */
typedef struct clinux_datagram {
    const uint8_t *bytes;
    uint32_t length;
    /* Host byte order. */
    uint32_t source;
    uint16_t source_port;
    /* 1 if the datagram was longer than the receiver's buffers. */
    uint8_t is_cut;
    /* 1 if `time` is the kernel's stamp. */
    uint8_t has_time;
    /* What the kernel dropped on this socket so far. */
    uint32_t drops;
    /* ns since the Unix epoch, UTC. */
    uint64_t time;
} clinux_datagram;

typedef struct clinux_receiver clinux_receiver;

/* Opens a non-blocking socket bound to the group and joins it. `group` and `source` (0 for any) in
 * host byte order. Returns the descriptor, or -1 with errno set and `*step` naming the call. */
int clinux_udp_join(uint32_t group, uint16_t port, uint32_t source, unsigned interface_index,
                    int receive_buffer, const char **step);

/* Opens a socket that sends to multicast groups through the interface. As above. */
int clinux_udp_sender(unsigned interface_index, const char **step);

/* Sends one datagram. Returns 0, or -1 with errno set. */
int clinux_udp_send(int fd, uint32_t group, uint16_t port, const uint8_t *bytes, size_t length);

/* Buffers for `batch` datagrams of up to `size` bytes. NULL if there is no memory. */
clinux_receiver *clinux_receiver_create(int fd, unsigned batch, size_t size);
void clinux_receiver_destroy(clinux_receiver *receiver);

/* Takes what is there, at most a batch, without waiting. Returns how many, or -1 with errno set;
 * nothing there is 0. */
int clinux_receiver_take(clinux_receiver *receiver, clinux_datagram *out);

/* Size of the socket's receive buffer that the kernel granted. */
int clinux_udp_receive_buffer(int fd);

#endif
