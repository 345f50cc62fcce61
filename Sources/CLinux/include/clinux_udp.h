/* UDP multicast sockets over IPv4 and IPv6: memberships, receiving in batches, stamps, drop counts. */
#ifndef CLINUX_UDP_H
#define CLINUX_UDP_H

#include <stddef.h>
#include <stdint.h>

/* Bytes 0-7 and 8-15 of an IPv6 address as big-endian numbers; IPv4 as ::ffff:a.b.c.d. */
typedef struct clinux_address {
    uint64_t high;
    uint64_t low;
} clinux_address;

/* Bytes to reserve for the sender's address and the control messages of one datagram. Both are
 * multiples of 8, so that what follows stays aligned. */
enum { CLINUX_NAME_SIZE = 32, CLINUX_CONTROL_SIZE = 144 };

/* What the kernel says about one datagram. */
typedef struct clinux_datagram {
    clinux_address source;
    /* ns since the Unix epoch, UTC; 0 if the network card or the kernel gave no stamp. */
    uint64_t hardware_time;
    uint64_t software_time;
    /* Bytes on the wire, also of a datagram that was cut. */
    uint32_t original_length;
    /* What the kernel dropped on this socket so far; only told once it dropped something. */
    uint32_t drops;
    uint16_t source_port;
    uint8_t has_drops;
} clinux_datagram;

/* How to open a receiving socket. */
typedef struct clinux_udp_options {
    /* Bytes of receive buffer to ask for. */
    int receive_buffer;
    /* Microseconds of SO_BUSY_POLL, 0 for off. */
    int busy_poll;
    /* Report the network card's own stamps. */
    int hardware_time;
} clinux_udp_options;

/* Opens a non-blocking socket that is bound to the group and the port and takes nothing that it has
 * not joined itself; `interface_index` (0 for none) is the scope of an IPv6 group. Returns the
 * descriptor, or -1 with errno set and `*step` naming the call. */
int clinux_udp_open(clinux_address group, uint16_t port, unsigned interface_index,
                    const clinux_udp_options *options, const char **step);

/* Opens a socket that only holds memberships; nothing is delivered to it. -1 with errno set. */
int clinux_udp_membership_socket(int is_v6);

/* Joins the group on the interface (0 for the kernel's choice), from any source, or from `source` if
 * that is not NULL. Returns 0, or -1 with errno set. */
int clinux_udp_join(int fd, clinux_address group, const clinux_address *source,
                    unsigned interface_index);

/* Leaves the group, with all its sources. Returns 0, or -1 with errno set. */
int clinux_udp_leave(int fd, clinux_address group, unsigned interface_index);

/* Moves a socket that its IPv6 scope binds to an interface to the interface's new index. Returns 0,
 * or -1 with errno set. */
int clinux_udp_rebind(int fd, unsigned interface_index);

/* Opens a socket that sends to groups of the family of `group` through the interface, one hop far and
 * to this host as well; over IPv4 from the address `local` of this host, which also finds the interface
 * if that is 0. An all-zero `local` leaves the choice to the kernel. As clinux_udp_open. */
int clinux_udp_sender(clinux_address group, clinux_address local, unsigned interface_index,
                      const char **step);

/* Sends one datagram. Returns 0, or -1 with errno set. */
int clinux_udp_send(int fd, clinux_address group, uint16_t port, unsigned interface_index,
                    const uint8_t *bytes, size_t length);

/* Size of the socket's receive buffer that the kernel granted, in bytes; -1 with errno set. */
int clinux_udp_receive_buffer(int fd);

/* What the kernel dropped on this socket so far (SO_MEMINFO). Returns 0, or -1 with errno set. */
int clinux_udp_drops(int fd, uint32_t *drops);

/* Reads the sender's address and the control messages of a received datagram. */
void clinux_udp_describe(const void *name, const void *control, size_t control_length,
                         clinux_datagram *out);

typedef struct clinux_receiver clinux_receiver;

/* Headers for runs of up to `batch` datagrams. NULL if there is no memory. */
clinux_receiver *clinux_receiver_create(int fd, unsigned batch);
void clinux_receiver_destroy(clinux_receiver *receiver);

/* Takes what is there, at most `count` datagrams, without waiting, into memory of `size` bytes each
 * that lies in a row from `bytes`. Returns how many, or -1 with errno set; nothing there is 0. */
int clinux_receiver_take(clinux_receiver *receiver, uint8_t *bytes, size_t size, unsigned count,
                         clinux_datagram *out);

#endif
