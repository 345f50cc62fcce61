#define _GNU_SOURCE
#include "clinux_udp.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Linux has it since 4.20; the C library's headers do not. */
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

_Static_assert(CLINUX_NAME_SIZE >= sizeof(struct sockaddr_in6), "an address fits");
_Static_assert(CLINUX_CONTROL_SIZE >= CMSG_SPACE(sizeof(struct scm_timestamping)) +
                                          CMSG_SPACE(sizeof(struct scm_ts_pktinfo)) +
                                          CMSG_SPACE(sizeof(uint32_t)),
               "all control messages fit");

static int is_v4(clinux_address address) {
    return address.high == 0 && address.low >> 32 == 0xffff;
}

static int level(clinux_address address) { return is_v4(address) ? IPPROTO_IP : IPPROTO_IPV6; }

/* Fills `storage` and returns its length in use. */
static socklen_t write_name(clinux_address address, uint16_t port, unsigned scope,
                            struct sockaddr_storage *storage) {
    memset(storage, 0, sizeof(*storage));
    if (is_v4(address)) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        v4->sin_addr.s_addr = htonl((uint32_t)address.low);
        return sizeof(*v4);
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;
    uint64_t words[2] = {htobe64(address.high), htobe64(address.low)};
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    v6->sin6_scope_id = scope;
    memcpy(&v6->sin6_addr, words, sizeof(words));
    return sizeof(*v6);
}

static int set(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof(value));
}

static int fail(int fd, const char **step, const char *name) {
    int error = errno;
    if (fd >= 0) close(fd);
    errno = error;
    *step = name;
    return -1;
}

int clinux_udp_open(clinux_address group, uint16_t port, unsigned interface_index,
                    const clinux_udp_options *options, const char **step) {
    struct sockaddr_storage local;
    socklen_t length = write_name(group, port, interface_index, &local);
    int stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    int fd = socket(local.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail(fd, step, "socket");
    if (set(fd, SOL_SOCKET, SO_REUSEADDR, 1) != 0) return fail(fd, step, "SO_REUSEADDR");
    /* Only what this socket joined, whatever else the host has joined. */
    if (is_v4(group)) {
        if (set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) != 0) {
            return fail(fd, step, "IP_MULTICAST_ALL");
        }
    } else {
        if (set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0) return fail(fd, step, "IPV6_V6ONLY");
        if (set(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0) != 0) {
            return fail(fd, step, "IPV6_MULTICAST_ALL");
        }
    }
    if (options->hardware_time) {
        stamps |= SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;
    }
    if (set(fd, SOL_SOCKET, SO_TIMESTAMPING, stamps) != 0) {
        return fail(fd, step, "SO_TIMESTAMPING");
    }
    if (set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1) != 0) return fail(fd, step, "SO_RXQ_OVFL");
    /* Beyond the system's limit only with privilege; otherwise up to the limit. */
    if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, options->receive_buffer) != 0 &&
        set(fd, SOL_SOCKET, SO_RCVBUF, options->receive_buffer) != 0) {
        return fail(fd, step, "SO_RCVBUF");
    }
    if (options->busy_poll > 0 && set(fd, SOL_SOCKET, SO_BUSY_POLL, options->busy_poll) != 0) {
        return fail(fd, step, "SO_BUSY_POLL");
    }
    if (bind(fd, (struct sockaddr *)&local, length) != 0) return fail(fd, step, "bind");
    return fd;
}

int clinux_udp_membership_socket(int is_v6) {
    return socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int clinux_udp_join(int fd, clinux_address group, const clinux_address *source,
                    unsigned interface_index) {
    if (source == NULL) {
        struct group_req request;
        memset(&request, 0, sizeof(request));
        request.gr_interface = interface_index;
        write_name(group, 0, interface_index, &request.gr_group);
        return setsockopt(fd, level(group), MCAST_JOIN_GROUP, &request, sizeof(request));
    }
    struct group_source_req request;
    memset(&request, 0, sizeof(request));
    request.gsr_interface = interface_index;
    write_name(group, 0, interface_index, &request.gsr_group);
    write_name(*source, 0, 0, &request.gsr_source);
    return setsockopt(fd, level(group), MCAST_JOIN_SOURCE_GROUP, &request, sizeof(request));
}

int clinux_udp_leave(int fd, clinux_address group, unsigned interface_index) {
    struct group_req request;
    memset(&request, 0, sizeof(request));
    request.gr_interface = interface_index;
    write_name(group, 0, interface_index, &request.gr_group);
    return setsockopt(fd, level(group), MCAST_LEAVE_GROUP, &request, sizeof(request));
}

int clinux_udp_rebind(int fd, unsigned interface_index) {
    return set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, (int)interface_index);
}

int clinux_udp_sender(clinux_address group, clinux_address local, unsigned interface_index,
                      const char **step) {
    int index = (int)interface_index;
    int fd = socket(is_v4(group) ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail(fd, step, "socket");
    if (is_v4(group)) {
        struct ip_mreqn request;
        memset(&request, 0, sizeof(request));
        request.imr_ifindex = index;
        request.imr_address.s_addr = htonl((uint32_t)local.low);
        if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request)) != 0) {
            return fail(fd, step, "IP_MULTICAST_IF");
        }
        if (set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 1) != 0 ||
            set(fd, IPPROTO_IP, IP_MULTICAST_TTL, 1) != 0) {
            return fail(fd, step, "IP_MULTICAST_TTL");
        }
    } else {
        if (set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, index) != 0) {
            return fail(fd, step, "IPV6_MULTICAST_IF");
        }
        if (set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1) != 0 ||
            set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1) != 0) {
            return fail(fd, step, "IPV6_MULTICAST_HOPS");
        }
    }
    (void)set(fd, SOL_SOCKET, SO_SNDBUF, 4 << 20);
    return fd;
}

int clinux_udp_send(int fd, clinux_address group, uint16_t port, unsigned interface_index,
                    const uint8_t *bytes, size_t length) {
    struct sockaddr_storage to;
    socklen_t size = write_name(group, port, interface_index, &to);
    ssize_t sent = sendto(fd, bytes, length, 0, (struct sockaddr *)&to, size);
    return sent == (ssize_t)length ? 0 : -1;
}

int clinux_udp_receive_buffer(int fd) {
    int size = 0;
    socklen_t length = sizeof(size);
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length) != 0) return -1;
    return size;
}

int clinux_udp_drops(int fd, uint32_t *drops) {
    uint32_t values[SK_MEMINFO_VARS];
    socklen_t length = sizeof(values);
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &length) != 0) return -1;
    if (length < (SK_MEMINFO_DROPS + 1) * sizeof(values[0])) {
        errno = ENOPROTOOPT;
        return -1;
    }
    *drops = values[SK_MEMINFO_DROPS];
    return 0;
}

static void read_name(const void *name, clinux_datagram *out) {
    sa_family_t family;
    memcpy(&family, name, sizeof(family));
    if (family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, name, sizeof(v4));
        out->source.high = 0;
        out->source.low = 0xffff00000000ULL | ntohl(v4.sin_addr.s_addr);
        out->source_port = ntohs(v4.sin_port);
    } else {
        struct sockaddr_in6 v6;
        uint64_t words[2];
        memcpy(&v6, name, sizeof(v6));
        memcpy(words, &v6.sin6_addr, sizeof(words));
        out->source.high = be64toh(words[0]);
        out->source.low = be64toh(words[1]);
        out->source_port = ntohs(v6.sin6_port);
    }
}

static uint64_t nanoseconds(struct timespec stamp) {
    return (uint64_t)stamp.tv_sec * 1000000000ULL + (uint64_t)stamp.tv_nsec;
}

void clinux_udp_describe(const void *name, const void *control, size_t control_length,
                         clinux_datagram *out) {
    struct msghdr header;
    memset(&header, 0, sizeof(header));
    header.msg_control = (void *)control;
    header.msg_controllen = control_length;
    read_name(name, out);
    out->hardware_time = 0;
    out->software_time = 0;
    out->drops = 0;
    out->has_drops = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c != NULL; c = CMSG_NXTHDR(&header, c)) {
        size_t left = control_length - (size_t)((const uint8_t *)c - (const uint8_t *)control);
        if (c->cmsg_len > left) break;
        if (c->cmsg_level != SOL_SOCKET) continue;
        if (c->cmsg_type == SCM_TIMESTAMPING &&
            c->cmsg_len >= CMSG_LEN(sizeof(struct scm_timestamping))) {
            /* Software, a stamp that is no longer given, raw hardware. */
            struct scm_timestamping stamps;
            memcpy(&stamps, CMSG_DATA(c), sizeof(stamps));
            out->software_time = nanoseconds(stamps.ts[0]);
            out->hardware_time = nanoseconds(stamps.ts[2]);
        } else if (c->cmsg_type == SO_RXQ_OVFL && c->cmsg_len >= CMSG_LEN(sizeof(out->drops))) {
            memcpy(&out->drops, CMSG_DATA(c), sizeof(out->drops));
            out->has_drops = 1;
        }
    }
}

struct clinux_receiver {
    int fd;
    unsigned batch;
    struct mmsghdr *messages;
    struct iovec *vectors;
    uint8_t *names;
    uint8_t *controls;
};

clinux_receiver *clinux_receiver_create(int fd, unsigned batch) {
    clinux_receiver *r = calloc(1, sizeof(*r));
    if (r == NULL) return NULL;
    r->fd = fd;
    r->batch = batch;
    r->messages = calloc(batch, sizeof(*r->messages));
    r->vectors = calloc(batch, sizeof(*r->vectors));
    r->names = calloc(batch, CLINUX_NAME_SIZE);
    r->controls = calloc(batch, CLINUX_CONTROL_SIZE);
    if (!r->messages || !r->vectors || !r->names || !r->controls) {
        clinux_receiver_destroy(r);
        return NULL;
    }
    for (unsigned i = 0; i < batch; i++) {
        struct msghdr *header = &r->messages[i].msg_hdr;
        header->msg_iov = &r->vectors[i];
        header->msg_iovlen = 1;
        header->msg_name = r->names + (size_t)i * CLINUX_NAME_SIZE;
        header->msg_control = r->controls + (size_t)i * CLINUX_CONTROL_SIZE;
    }
    return r;
}

void clinux_receiver_destroy(clinux_receiver *r) {
    if (r == NULL) return;
    free(r->messages);
    free(r->vectors);
    free(r->names);
    free(r->controls);
    free(r);
}

int clinux_receiver_take(clinux_receiver *r, uint8_t *bytes, size_t size, unsigned count,
                         clinux_datagram *out) {
    if (count > r->batch) count = r->batch;
    for (unsigned i = 0; i < count; i++) {
        struct msghdr *header = &r->messages[i].msg_hdr;
        r->vectors[i].iov_base = bytes + (size_t)i * size;
        r->vectors[i].iov_len = size;
        header->msg_namelen = CLINUX_NAME_SIZE;
        header->msg_controllen = CLINUX_CONTROL_SIZE;
        header->msg_flags = 0;
    }
    /* MSG_TRUNC makes the kernel tell the whole length of a datagram that it cuts. */
    int received = recvmmsg(r->fd, r->messages, count, MSG_DONTWAIT | MSG_TRUNC, NULL);
    if (received < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    for (int i = 0; i < received; i++) {
        struct msghdr *header = &r->messages[i].msg_hdr;
        out[i].original_length = r->messages[i].msg_len;
        clinux_udp_describe(header->msg_name, header->msg_control, header->msg_controllen, &out[i]);
    }
    return received;
}
