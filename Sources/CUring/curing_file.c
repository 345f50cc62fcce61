#define _GNU_SOURCE
#include "curing_file.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>

struct curing_file {
    struct io_uring ring;
    unsigned depth;
    unsigned pending;
};

curing_file *curing_file_create(unsigned depth) {
    curing_file *queue = calloc(1, sizeof(*queue));
    int result;

    if (queue == NULL) return NULL;
    queue->depth = depth;
    result = io_uring_queue_init(depth, &queue->ring, 0);
    if (result < 0) {
        free(queue);
        errno = -result;
        return NULL;
    }
    return queue;
}

void curing_file_destroy(curing_file *queue) {
    if (queue == NULL) return;
    io_uring_queue_exit(&queue->ring);
    free(queue);
}

int curing_file_write(curing_file *queue, int fd, const void *bytes, unsigned length,
                      uint64_t offset, uint64_t tag) {
    struct io_uring_sqe *sqe;

    if (queue->pending >= queue->depth) {
        errno = EBUSY;
        return -1;
    }
    sqe = io_uring_get_sqe(&queue->ring);
    if (sqe == NULL) {
        errno = EBUSY;
        return -1;
    }
    io_uring_prep_write(sqe, fd, bytes, length, offset);
    io_uring_sqe_set_flags(sqe, IOSQE_IO_DRAIN);
    io_uring_sqe_set_data64(sqe, tag);
    queue->pending++;
    /* An entry that the kernel does not take now goes out when the next result is asked for. */
    (void)io_uring_submit(&queue->ring);
    return 0;
}

int curing_file_reap(curing_file *queue, uint64_t *tag, int32_t *result, uint64_t timeout_ns) {
    struct io_uring_cqe *cqe = NULL;
    struct __kernel_timespec timeout = {
        .tv_sec = (long long)(timeout_ns / 1000000000u),
        .tv_nsec = (long long)(timeout_ns % 1000000000u),
    };
    int outcome;

    if (io_uring_sq_ready(&queue->ring) > 0) {
        outcome = io_uring_submit(&queue->ring);
        if (outcome < 0 && outcome != -EAGAIN && outcome != -EINTR && outcome != -EBUSY) {
            errno = -outcome;
            return -1;
        }
    }
    if (timeout_ns == 0) {
        outcome = io_uring_peek_cqe(&queue->ring, &cqe);
    } else {
        outcome = io_uring_wait_cqe_timeout(&queue->ring, &cqe, &timeout);
    }
    if (outcome == -EAGAIN || outcome == -ETIME || outcome == -EINTR) return 0;
    if (outcome < 0) {
        errno = -outcome;
        return -1;
    }
    *tag = io_uring_cqe_get_data64(cqe);
    *result = cqe->res;
    io_uring_cqe_seen(&queue->ring, cqe);
    queue->pending--;
    return 1;
}

int curing_file_open(const char *path, int exclusive, int direct, unsigned mode) {
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (exclusive ? O_EXCL : O_TRUNC);

    return open(path, flags | (direct ? O_DIRECT : 0), mode);
}

int curing_file_reserve(int fd, uint64_t offset, uint64_t length) {
    return fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length);
}
