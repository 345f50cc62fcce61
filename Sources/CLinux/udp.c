#define _GNU_SOURCE
#include "clinux_udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct clinux_receiver {
    int fd;
    unsigned batch;
    /* Datagrams to ask for next: 1, and twice as many after each run that came full. */
    unsigned wanted;
    size_t size;
    struct mmsghdr *messages;
    struct iovec *vectors;
    struct sockaddr_in *names;
    uint8_t *controls;
    uint8_t *bytes;
    uint32_t drops;
};

enum { CONTROL_SIZE = 128 };

static struct sockaddr_in address(uint32_t host, uint16_t port) {
    struct sockaddr_in result;
    memset(&result, 0, sizeof(result));
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    result.sin_addr.s_addr = htonl(host);
    return result;
}

static int join(int fd, uint32_t group, uint32_t source, unsigned interface_index) {
    struct sockaddr_in group_address = address(group, 0);
    if (source == 0) {
        struct group_req request;
        memset(&request, 0, sizeof(request));
        request.gr_interface = interface_index;
        memcpy(&request.gr_group, &group_address, sizeof(group_address));
        return setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &request, sizeof(request));
    }
    struct sockaddr_in source_address = address(source, 0);
    struct group_source_req request;
    memset(&request, 0, sizeof(request));
    request.gsr_interface = interface_index;
    memcpy(&request.gsr_group, &group_address, sizeof(group_address));
    memcpy(&request.gsr_source, &source_address, sizeof(source_address));
    return setsockopt(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &request, sizeof(request));
}

static int fail(int fd, const char **step, const char *name) {
    int error = errno;
    close(fd);
    errno = error;
    *step = name;
    return -1;
}

int clinux_udp_join(uint32_t group, uint16_t port, uint32_t source, unsigned interface_index,
                    int receive_buffer, const char **step) {
    int one = 1, zero = 0;
    struct sockaddr_in local = address(group, port);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *step = "socket";
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0) {
        return fail(fd, step, "SO_REUSEADDR");
    }
    /* Only what this socket joined, whatever else the host has joined. */
    if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &zero, sizeof(zero)) != 0) {
        return fail(fd, step, "IP_MULTICAST_ALL");
    }
    if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) != 0) {
        return fail(fd, step, "SO_TIMESTAMPNS");
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof(one)) != 0) {
        return fail(fd, step, "SO_RXQ_OVFL");
    }
    /* Beyond the system's limit only with privilege; otherwise up to the limit. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof(receive_buffer)) != 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer)) != 0) {
        return fail(fd, step, "SO_RCVBUF");
    }
    if (bind(fd, (struct sockaddr *)&local, sizeof(local)) != 0) return fail(fd, step, "bind");
    if (join(fd, group, source, interface_index) != 0) return fail(fd, step, "join");
    return fd;
}

int clinux_udp_sender(unsigned interface_index, const char **step) {
    struct ip_mreqn request;
    int one = 1;
    int buffer = 4 << 20;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *step = "socket";
        return -1;
    }
    memset(&request, 0, sizeof(request));
    request.imr_ifindex = (int)interface_index;
    if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request)) != 0) {
        return fail(fd, step, "IP_MULTICAST_IF");
    }
    if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &one, sizeof(one)) != 0) {
        return fail(fd, step, "IP_MULTICAST_LOOP");
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
    return fd;
}

int clinux_udp_send(int fd, uint32_t group, uint16_t port, const uint8_t *bytes, size_t length) {
    struct sockaddr_in to = address(group, port);
    ssize_t sent = sendto(fd, bytes, length, 0, (struct sockaddr *)&to, sizeof(to));
    return sent == (ssize_t)length ? 0 : -1;
}

clinux_receiver *clinux_receiver_create(int fd, unsigned batch, size_t size) {
    clinux_receiver *r = calloc(1, sizeof(*r));
    if (r == NULL) return NULL;
    r->fd = fd;
    r->batch = batch;
    r->wanted = 1;
    r->size = size;
    r->messages = calloc(batch, sizeof(*r->messages));
    r->vectors = calloc(batch, sizeof(*r->vectors));
    r->names = calloc(batch, sizeof(*r->names));
    r->controls = calloc(batch, CONTROL_SIZE);
    r->bytes = calloc(batch, size);
    if (!r->messages || !r->vectors || !r->names || !r->controls || !r->bytes) {
        clinux_receiver_destroy(r);
        return NULL;
    }
    for (unsigned i = 0; i < batch; i++) {
        r->vectors[i].iov_base = r->bytes + (size_t)i * size;
        r->vectors[i].iov_len = size;
        r->messages[i].msg_hdr.msg_iov = &r->vectors[i];
        r->messages[i].msg_hdr.msg_iovlen = 1;
        r->messages[i].msg_hdr.msg_name = &r->names[i];
        r->messages[i].msg_hdr.msg_control = r->controls + (size_t)i * CONTROL_SIZE;
    }
    return r;
}

void clinux_receiver_destroy(clinux_receiver *r) {
    if (r == NULL) return;
    free(r->messages);
    free(r->vectors);
    free(r->names);
    free(r->controls);
    free(r->bytes);
    free(r);
}

static void read_controls(clinux_receiver *r, struct msghdr *header, clinux_datagram *out) {
    out->has_time = 0;
    out->time = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level != SOL_SOCKET) continue;
        if (c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
            out->time = (uint64_t)stamp.tv_sec * 1000000000ULL + (uint64_t)stamp.tv_nsec;
            out->has_time = 1;
        } else if (c->cmsg_type == SO_RXQ_OVFL) {
            memcpy(&r->drops, CMSG_DATA(c), sizeof(r->drops));
        }
    }
    out->drops = r->drops;
}

int clinux_receiver_take(clinux_receiver *r, clinux_datagram *out) {
    for (unsigned i = 0; i < r->wanted; i++) {
        r->messages[i].msg_hdr.msg_namelen = sizeof(struct sockaddr_in);
        r->messages[i].msg_hdr.msg_controllen = CONTROL_SIZE;
        r->messages[i].msg_hdr.msg_flags = 0;
    }
    int count = recvmmsg(r->fd, r->messages, r->wanted, MSG_DONTWAIT, NULL);
    /* Looking for a second datagram delays the first, so only a backlog is taken in runs. */
    if (count < (int)r->wanted) r->wanted = 1;
    else if (r->wanted < r->batch) r->wanted = r->wanted * 2 < r->batch ? r->wanted * 2 : r->batch;
    if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    for (int i = 0; i < count; i++) {
        struct msghdr *header = &r->messages[i].msg_hdr;
        out[i].bytes = r->vectors[i].iov_base;
        out[i].length = r->messages[i].msg_len;
        out[i].source = ntohl(r->names[i].sin_addr.s_addr);
        out[i].source_port = ntohs(r->names[i].sin_port);
        out[i].is_cut = (header->msg_flags & MSG_TRUNC) != 0;
        read_controls(r, header, &out[i]);
    }
    return count;
}

int clinux_udp_receive_buffer(int fd) {
    int size = 0;
    socklen_t length = sizeof(size);
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length) != 0) return -1;
    return size;
}
