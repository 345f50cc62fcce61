#define _GNU_SOURCE
#include "clinux_record.h"

#include "clinux_interface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(sizeof(clinux_record_instruction) == sizeof(struct sock_filter), "BPF layout");

static int set(int fd, int option, const void *value, size_t size) {
    return setsockopt(fd, SOL_PACKET, option, value, (socklen_t)size);
}

/* Drivers that cannot stamp refuse; frames without such a stamp have the kernel's. */
static void ask_for_hardware_time(int fd, const char *interface_name) {
    int source = SOF_TIMESTAMPING_RAW_HARDWARE;

    (void)clinux_interface_stamp_packets(interface_name);
    (void)set(fd, PACKET_TIMESTAMP, &source, sizeof(source));
}

static int attach(int fd, const clinux_record_instruction *filter, unsigned length) {
    struct sock_fprog program = {.len = (unsigned short)length,
                                 .filter = (struct sock_filter *)filter};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int prepare(int fd, const clinux_record_setup *setup, const char *interface_name,
                   const char **step) {
    int version = TPACKET_V3, on = 1;
    struct tpacket_req3 request = {
        .tp_block_size = setup->block_bytes,
        .tp_block_nr = setup->block_count,
        .tp_frame_size = 2048,
        .tp_frame_nr = setup->block_bytes / 2048 * setup->block_count,
        .tp_retire_blk_tov = setup->retire_ms,
    };

    *step = "PACKET_VERSION";
    if (set(fd, PACKET_VERSION, &version, sizeof(version)) != 0) return -1;
    if (setup->filter != NULL) {
        *step = "SO_ATTACH_FILTER";
        if (attach(fd, setup->filter, setup->filter_length) != 0) return -1;
    }
    if (setup->hardware_time) ask_for_hardware_time(fd, interface_name);
    /* Stamps where the packet enters the kernel, not where it reaches the ring. */
    (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    if (setup->ignore_outgoing) (void)set(fd, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
    *step = "PACKET_RX_RING";
    if (set(fd, PACKET_RX_RING, &request, sizeof(request)) != 0) return -1;
    if (setup->promiscuous) {
        struct packet_mreq membership = {.mr_ifindex = (int)setup->interface_index,
                                         .mr_type = PACKET_MR_PROMISC};
        *step = "PACKET_ADD_MEMBERSHIP";
        if (set(fd, PACKET_ADD_MEMBERSHIP, &membership, sizeof(membership)) != 0) return -1;
    }
    return 0;
}

int clinux_record_open(const clinux_record_setup *setup, const char *interface_name, void **ring,
                       const char **step) {
    size_t size = (size_t)setup->block_bytes * setup->block_count;
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(ETH_P_ALL),
                                  .sll_ifindex = (int)setup->interface_index};
    int fd, error;

    *ring = MAP_FAILED;
    /* Protocol 0 receives nothing until bind. */
    *step = "socket";
    fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    if (prepare(fd, setup, interface_name, step) == 0) {
        *step = "mmap";
        *ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (*ring != MAP_FAILED) {
            *step = "bind";
            if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0) return fd;
        }
    }
    error = errno;
    if (*ring != MAP_FAILED) munmap(*ring, size);
    close(fd);
    errno = error;
    return -1;
}

void clinux_record_close(int fd, void *ring, size_t size) {
    munmap(ring, size);
    close(fd);
}

int clinux_record_statistics(int fd, uint64_t *packets, uint64_t *drops) {
    struct tpacket_stats_v3 statistics;
    socklen_t size = sizeof(statistics);

    if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) != 0) return -1;
    *packets += statistics.tp_packets;
    *drops += statistics.tp_drops;
    return 0;
}

int clinux_record_shut(int fd) {
    static const clinux_record_instruction nothing = {.code = BPF_RET | BPF_K, .operand = 0};

    return attach(fd, &nothing, 1);
}

int clinux_record_hardware_type(const char *interface_name) {
    struct ifreq request;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result, error;

    if (fd < 0) return -1;
    memset(&request, 0, sizeof(request));
    strncpy(request.ifr_name, interface_name, sizeof(request.ifr_name) - 1);
    result = ioctl(fd, SIOCGIFHWADDR, &request);
    error = errno;
    close(fd);
    errno = error;
    return result == 0 ? request.ifr_hwaddr.sa_family : -1;
}

int clinux_record_join(unsigned interface_index, const uint8_t *address, size_t length) {
    struct group_req request;
    int family = length == 4 ? AF_INET : AF_INET6, error;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0) return -1;
    memset(&request, 0, sizeof(request));
    request.gr_interface = interface_index;
    if (family == AF_INET) {
        struct sockaddr_in *group = (struct sockaddr_in *)&request.gr_group;
        group->sin_family = AF_INET;
        memcpy(&group->sin_addr, address, 4);
    } else {
        struct sockaddr_in6 *group = (struct sockaddr_in6 *)&request.gr_group;
        group->sin6_family = AF_INET6;
        memcpy(&group->sin6_addr, address, 16);
    }
    if (setsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, MCAST_JOIN_GROUP, &request,
                   sizeof(request)) == 0) {
        return fd;
    }
    error = errno;
    close(fd);
    errno = error;
    return -1;
}
