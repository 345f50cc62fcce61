#define _GNU_SOURCE
#include "clinux_packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SAME_FIELD(ours, theirs)                                                   \
    _Static_assert(offsetof(clinux_packet_header, ours) ==                         \
                       offsetof(struct tpacket2_hdr, theirs),                      \
                   #theirs)
SAME_FIELD(status, tp_status);
SAME_FIELD(length, tp_len);
SAME_FIELD(captured_length, tp_snaplen);
SAME_FIELD(link_offset, tp_mac);
SAME_FIELD(network_offset, tp_net);
SAME_FIELD(seconds, tp_sec);
SAME_FIELD(nanoseconds, tp_nsec);
SAME_FIELD(vlan_tci, tp_vlan_tci);
SAME_FIELD(vlan_tpid, tp_vlan_tpid);
_Static_assert(sizeof(clinux_packet_header) == sizeof(struct tpacket2_hdr), "tpacket2_hdr");
_Static_assert(sizeof(clinux_bpf_instruction) == sizeof(struct sock_filter) &&
                   offsetof(clinux_bpf_instruction, operand) == offsetof(struct sock_filter, k),
               "sock_filter");
_Static_assert(offsetof(struct sockaddr_ll, sll_pkttype) == 10, "sockaddr_ll");
_Static_assert(CLINUX_TPACKET2_ADDRESS == TPACKET_ALIGN(sizeof(struct tpacket2_hdr)) &&
                   CLINUX_TPACKET2_HEADERS == TPACKET2_HDRLEN &&
                   CLINUX_TPACKET_ALIGNMENT == TPACKET_ALIGNMENT,
               "slot layout");
_Static_assert((int)CLINUX_SOL_PACKET == SOL_PACKET && CLINUX_PACKET_VERSION == PACKET_VERSION &&
                   CLINUX_PACKET_TIMESTAMP == PACKET_TIMESTAMP &&
                   CLINUX_PACKET_FANOUT == PACKET_FANOUT &&
                   CLINUX_PACKET_IGNORE_OUTGOING == PACKET_IGNORE_OUTGOING &&
                   CLINUX_PACKET_OUTGOING == PACKET_OUTGOING &&
                   CLINUX_FANOUT_HASH == PACKET_FANOUT_HASH &&
                   CLINUX_FANOUT_UNIQUE_ID == PACKET_FANOUT_FLAG_UNIQUEID &&
                   (int)CLINUX_TPACKET_V2 == TPACKET_V2 &&
                   (int)CLINUX_TIMESTAMP_RAW_HARDWARE == SOF_TIMESTAMPING_RAW_HARDWARE,
               "constants");

int clinux_packet_socket(void) {
    return socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int clinux_packet_bind(int fd, unsigned interface_index) {
    struct sockaddr_ll address;
    memset(&address, 0, sizeof(address));
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = (int)interface_index;
    return bind(fd, (struct sockaddr *)&address, sizeof(address));
}

int clinux_packet_filter(int fd, const clinux_bpf_instruction *program, unsigned count) {
    struct sock_fprog request = {.len = (unsigned short)count,
                                 .filter = (struct sock_filter *)(uintptr_t)program};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &request, sizeof(request));
}

void *clinux_packet_ring(int fd, unsigned block_size, unsigned block_count, unsigned frame_size,
                         const char **step) {
    struct tpacket_req request = {.tp_block_size = block_size,
                                  .tp_block_nr = block_count,
                                  .tp_frame_size = frame_size,
                                  .tp_frame_nr = block_size / frame_size * block_count};
    void *ring;
    *step = "PACKET_RX_RING";
    if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) != 0) return NULL;
    *step = "mmap";
    ring = mmap(NULL, (size_t)block_size * block_count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return ring == MAP_FAILED ? NULL : ring;
}

int clinux_packet_statistics(int fd, uint32_t *packets, uint32_t *drops) {
    struct tpacket_stats statistics;
    socklen_t length = sizeof(statistics);
    if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) != 0) return -1;
    *packets = statistics.tp_packets;
    *drops = statistics.tp_drops;
    return 0;
}

int clinux_interface_is_ethernet(const char *name) {
    struct ifreq request;
    int fd, result, error;
    if (strlen(name) >= sizeof(request.ifr_name)) {
        errno = ENODEV;
        return -1;
    }
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    memset(&request, 0, sizeof(request));
    strcpy(request.ifr_name, name);
    result = ioctl(fd, SIOCGIFHWADDR, &request);
    error = errno;
    close(fd);
    errno = error;
    if (result != 0) return -1;
    return request.ifr_hwaddr.sa_family == ARPHRD_ETHER ||
           request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
}
