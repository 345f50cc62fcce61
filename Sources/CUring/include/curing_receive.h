/* Multishot receives of UDP datagrams from several sockets, through one ring into one set of buffers. */
#ifndef CURING_RECEIVE_H
#define CURING_RECEIVE_H

#include <stddef.h>
#include <stdint.h>

typedef struct curing_receiver curing_receiver;

/* One completion: a datagram in a buffer, or news of a receive. */
typedef struct curing_event {
    /* The datagram's parts, inside the buffer; NULL if there is no datagram. */
    const uint8_t *payload;
    const uint8_t *name;
    const uint8_t *control;
    uint32_t control_length;
    /* Bytes that are there, and bytes on the wire. */
    uint32_t length;
    uint32_t original_length;
    /* Number of the buffer, to be given back, if has_buffer. */
    uint32_t buffer;
    /* As given to curing_receiver_arm. */
    uint32_t tag;
    /* 0, or the error number that ended the receive. */
    int32_t error;
    /* 1 if the receive has ended and must be armed again. */
    uint8_t is_ended;
    uint8_t has_buffer;
} curing_event;

/* Makes a ring that is not enabled yet, for `sockets` sockets, and `buffers` buffers, a power of two up
 * to 32768, for datagrams of `payload` bytes. `name_size` and `control_size` are kept free before the
 * payload, both multiples of 8. Returns NULL with errno set and `*step` naming the call. */
curing_receiver *curing_receiver_create(unsigned sockets, unsigned buffers, size_t payload,
                                        size_t name_size, size_t control_size, const char **step);
void curing_receiver_destroy(curing_receiver *receiver);

/* Becomes readable when completions wait. */
int curing_receiver_descriptor(const curing_receiver *receiver);

/* Makes the calling thread the only one that may use the ring from now on. 0, or -errno. */
int curing_receiver_enable(curing_receiver *receiver);

/* Prepares a multishot receive on the socket. 0, or -errno. */
int curing_receiver_arm(curing_receiver *receiver, int fd, uint32_t tag);

/* Hands what was prepared to the kernel. 0, or -errno. */
int curing_receiver_submit(curing_receiver *receiver);

/* Takes up to `capacity` completions. Enters the kernel only if none is there and the kernel says that
 * it has work to do. Returns how many, or -errno. */
int curing_receiver_take(curing_receiver *receiver, curing_event *events, unsigned capacity);

/* Lines a buffer up to be given back, as the `position`-th since the last curing_receiver_give_back. */
void curing_receiver_put(curing_receiver *receiver, uint32_t buffer, unsigned position);

/* Gives `count` buffers to the kernel, which were lined up. */
void curing_receiver_give_back(curing_receiver *receiver, unsigned count);

#endif
