/* A virtual wire between two network namespaces, who sends on it, and bare loops that receive. */
#ifndef REFERENCE_WIRE_H
#define REFERENCE_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* ---- namespaces ---- */

/* Makes a network namespace without a name: it is gone with its last descriptor and process, however
 * these end. Returns a descriptor, or -1 with errno set. */
int reference_namespace_create(void);

/* Moves the calling thread there. 0, or -1 with errno set. */
int reference_namespace_enter(int space);

/* Starts a program in a namespace and on a processor (its own if -1), with standard output and standard
 * error in the files that are given (kept if -1). It gets SIGTERM when the calling thread ends. Returns
 * its process id, or -1 with errno set. */
int reference_spawn(int space, int cpu, char *const *arguments, int output, int error);

/* Gives the calling thread its processor before all that are not real-time. 0, or -1 with errno set. */
int reference_take_precedence(void);

/* Joins a group on an interface; leaves when the returned descriptor is closed. -1 with errno set. */
int reference_join(const char *interface, const char *group);

/* What an interface of the calling thread's namespace counts. 0, or -1 with errno set. */
typedef struct reference_interface_counts {
    uint64_t received, receive_dropped, sent, send_dropped;
} reference_interface_counts;
int reference_interface_read(const char *interface, reference_interface_counts *counts);

/* ---- sender ---- */

/* Sends raw frames: IPv4, UDP, MoldUDP64, ITCH 5.0. */
typedef struct reference_sender reference_sender;

typedef struct reference_sent {
    /* Tries, each with sequence numbers of its own, and how many of them the wire refused because the
     * other end's queue was full: those never left. */
    uint64_t tried, refused;
    uint64_t nanoseconds;
} reference_sent;

/* NULL with errno set. */
reference_sender *reference_sender_open(const char *interface, const char *group, uint16_t port);
void reference_sender_close(reference_sender *sender);

/* Sends `count` times five messages that leave a book as they found it (205 bytes), `rate` packets a
 * second, each with its CLOCK_MONOTONIC send time, doubled, as the first order's reference. */
reference_sent reference_send_stamped(reference_sender *sender, uint64_t count, double rate);

/* Sends at least `count` packets of a flow that builds books and empties them again, `rate` a second, or
 * as fast as it goes if that is 0. Frames are as near to `bytes` (200 to 1500) as whole messages come:
 * adds in one run of packets, executions and deletions in the next; the flow ends with empty books.
 * What is due at the same moment, up to 64 packets, goes to the kernel together, which cuts it up;
 * the interface must be told not to let that pass (`ethtool -K IF tx off gso off
 * tx-udp-segmentation off`). Returns how many were sent or refused (the interface counts each), and
 * in how many ns. */
uint64_t reference_send_flow(reference_sender *sender, size_t bytes, uint64_t count, double rate,
                             uint64_t *nanoseconds);

/* Messages that `packets` packets of the flow hold. */
uint64_t reference_flow_messages(size_t bytes, uint64_t packets);
/* Bytes of a frame that adds, and of one that executes and deletes. */
size_t reference_flow_add_bytes(size_t bytes);
size_t reference_flow_delete_bytes(size_t bytes);

/* ---- receivers ---- */

/* The least that receives a packet by each method: finds the payload, and stamps. */
enum reference_method {
    REFERENCE_SOCKET, /* recv */
    REFERENCE_URING,  /* one multishot receive, buffer ring */
    REFERENCE_PACKET, /* TPACKET_V2 */
    REFERENCE_XDP,    /* AF_XDP, a program that redirects everything */
    REFERENCE_PCAP    /* libpcap, immediate mode */
};

typedef struct reference_receiver reference_receiver;

/* Opens on an interface of the calling thread's namespace; that thread must run it. `ring_bytes` is
 * the size of the socket's buffer or of the ring, `frames` the number of buffers of 2048 bytes. What
 * sees frames leaves the group's membership to others. NULL with errno set and `*step` naming what
 * failed. */
reference_receiver *reference_receiver_open(enum reference_method method, const char *interface,
                                            const char *group, uint16_t port, size_t ring_bytes,
                                            unsigned frames, const char **step);
void reference_receiver_close(reference_receiver *receiver);

/* Polls and notes send time to reception, until `count` came or nothing more comes after `*sent_all`
 * was set. Returns how many came. */
uint64_t reference_receiver_run(reference_receiver *receiver, uint64_t *latencies, uint64_t count,
                                const int *sent_all);

static inline void reference_note_sent(int *sent_all) {
    __atomic_store_n(sent_all, 1, __ATOMIC_RELEASE);
}
static inline int reference_has_sent(const int *sent_all) {
    return __atomic_load_n(sent_all, __ATOMIC_ACQUIRE);
}

#endif
