#define _GNU_SOURCE
#include "curing_receive.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The one buffer group of a ring. */
enum { GROUP = 0 };

struct curing_receiver {
    struct io_uring ring;
    int has_ring;
    struct io_uring_buf_ring *buffers;
    size_t buffers_size;
    uint8_t *memory;
    size_t memory_size;
    size_t stride;
    unsigned count;
    /* Only its sizes are read, when a receive is armed. */
    struct msghdr header;
};

static void *map(size_t size) {
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static curing_receiver *fail(curing_receiver *r, int error, const char **step, const char *name) {
    curing_receiver_destroy(r);
    errno = error;
    *step = name;
    return NULL;
}

/* Rounded up to a cache line, so that no two datagrams share one. */
static size_t stride(size_t header, size_t payload) {
    return (header + payload + 63) & ~(size_t)63;
}

curing_receiver *curing_receiver_create(unsigned sockets, unsigned buffers, size_t payload,
                                        size_t name_size, size_t control_size, const char **step) {
    struct io_uring_params params;
    struct io_uring_buf_reg registration;
    curing_receiver *r = calloc(1, sizeof(*r));
    int code;
    if (r == NULL) return fail(r, ENOMEM, step, "malloc");
    r->count = buffers;
    r->header.msg_namelen = (socklen_t)name_size;
    r->header.msg_controllen = control_size;
    r->stride = stride(sizeof(struct io_uring_recvmsg_out) + name_size + control_size, payload);
    r->memory_size = r->stride * buffers;
    r->memory = map(r->memory_size);
    if (r->memory == NULL) return fail(r, errno, step, "mmap");

    /* A multishot receive completes in "task work" that the kernel runs on behalf of the thread that
     * armed it. By default it interrupts that thread for each packet. DEFER_TASKRUN keeps the work
     * until the thread asks, so that a run of packets costs one call, and TASKRUN_FLAG tells in
     * shared memory that there is work, so that looking for packets costs none. (SQPOLL would save
     * the call too, for another core that spins.) DEFER_TASKRUN wants one thread for all calls;
     * R_DISABLED leaves the choice of it until the ring is enabled.
     * Kernels with DEFER_TASKRUN (6.1) have multishot recvmsg (6.0) and buffer rings (5.19). */
    memset(&params, 0, sizeof(params));
    params.flags = IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER |
                   IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE;
    /* A completion for each buffer and for the end of each receive: it never overflows. */
    params.cq_entries = 1;
    while (params.cq_entries < buffers + 2 * sockets) params.cq_entries *= 2;
    code = io_uring_queue_init_params(sockets, &r->ring, &params);
    if (code != 0) return fail(r, -code, step, "io_uring_setup");
    r->has_ring = 1;

    r->buffers_size = buffers * sizeof(struct io_uring_buf);
    r->buffers = map(r->buffers_size);
    if (r->buffers == NULL) return fail(r, errno, step, "mmap");
    memset(&registration, 0, sizeof(registration));
    registration.ring_addr = (uint64_t)(uintptr_t)r->buffers;
    registration.ring_entries = buffers;
    registration.bgid = GROUP;
    code = io_uring_register_buf_ring(&r->ring, &registration, 0);
    if (code != 0) return fail(r, -code, step, "IORING_REGISTER_PBUF_RING");
    io_uring_buf_ring_init(r->buffers);
    for (unsigned i = 0; i < buffers; i++) curing_receiver_put(r, i, i);
    curing_receiver_give_back(r, buffers);
    return r;
}

void curing_receiver_destroy(curing_receiver *r) {
    if (r == NULL) return;
    /* Closes the ring, which ends its receives, before their memory goes. */
    if (r->has_ring) io_uring_queue_exit(&r->ring);
    if (r->buffers != NULL) munmap(r->buffers, r->buffers_size);
    if (r->memory != NULL) munmap(r->memory, r->memory_size);
    free(r);
}

int curing_receiver_descriptor(const curing_receiver *r) { return r->ring.ring_fd; }

int curing_receiver_enable(curing_receiver *r) {
    /* liburing 2.3 declares io_uring_enable_rings, but its shared library does not export it. */
    long code = syscall(__NR_io_uring_register, r->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS,
                        NULL, 0);
    return code < 0 ? -errno : 0;
}

int curing_receiver_arm(curing_receiver *r, int fd, uint32_t tag) {
    struct io_uring_sqe *entry = io_uring_get_sqe(&r->ring);
    if (entry == NULL) return -EBUSY;
    /* MSG_TRUNC makes the kernel tell the whole length of a datagram that it cuts. */
    io_uring_prep_recvmsg_multishot(entry, fd, &r->header, MSG_TRUNC);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = GROUP;
    io_uring_sqe_set_data64(entry, tag);
    return 0;
}

int curing_receiver_submit(curing_receiver *r) {
    int code = io_uring_submit(&r->ring);
    return code < 0 ? code : 0;
}

static void describe(curing_receiver *r, const struct io_uring_cqe *completion,
                     curing_event *event) {
    memset(event, 0, sizeof(*event));
    event->tag = (uint32_t)completion->user_data;
    event->is_ended = !(completion->flags & IORING_CQE_F_MORE);
    if (completion->res < 0) event->error = -completion->res;
    if (!(completion->flags & IORING_CQE_F_BUFFER)) return;
    event->has_buffer = 1;
    event->buffer = completion->flags >> IORING_CQE_BUFFER_SHIFT;
    uint8_t *start = r->memory + event->buffer * r->stride;
    struct io_uring_recvmsg_out *out =
        io_uring_recvmsg_validate(start, completion->res, &r->header);
    if (out == NULL) return;
    event->name = io_uring_recvmsg_name(out);
    event->control = event->name + r->header.msg_namelen;
    event->control_length = out->controllen;
    event->payload = io_uring_recvmsg_payload(out, &r->header);
    event->length = io_uring_recvmsg_payload_length(out, completion->res, &r->header);
    event->original_length = out->payloadlen;
}

int curing_receiver_take(curing_receiver *r, curing_event *events, unsigned capacity) {
    struct io_uring *ring = &r->ring;
    unsigned head = *ring->cq.khead;
    unsigned ready = io_uring_smp_load_acquire(ring->cq.ktail) - head;
    if (ready == 0) {
        unsigned flags = IO_URING_READ_ONCE(*ring->sq.kflags);
        if (!(flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW))) return 0;
        int code = io_uring_get_events(ring);
        if (code < 0 && code != -EINTR && code != -EAGAIN && code != -EBUSY) return code;
        ready = io_uring_smp_load_acquire(ring->cq.ktail) - head;
    }
    if (ready > capacity) ready = capacity;
    for (unsigned i = 0; i < ready; i++) {
        describe(r, &ring->cq.cqes[(head + i) & *ring->cq.kring_mask], &events[i]);
    }
    io_uring_cq_advance(ring, ready);
    return (int)ready;
}

void curing_receiver_put(curing_receiver *r, uint32_t buffer, unsigned position) {
    io_uring_buf_ring_add(r->buffers, r->memory + buffer * r->stride, (unsigned)r->stride,
                          (unsigned short)buffer, io_uring_buf_ring_mask(r->count),
                          (int)position);
}

void curing_receiver_give_back(curing_receiver *r, unsigned count) {
    io_uring_buf_ring_advance(r->buffers, (int)count);
}
