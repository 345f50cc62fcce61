#include "cxdp.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69
#define SO_BUSY_POLL_BUDGET 70
#endif

void cxdp_silence(void) {
    libbpf_set_print(NULL);
    libxdp_set_print(NULL);
}

int cxdp_map_create(enum cxdp_map kind, uint32_t entries) {
    int map = kind == CXDP_MAP_SOCKETS
                  ? bpf_map_create(BPF_MAP_TYPE_XSKMAP, "tapeline_queues", 4, 4, entries, NULL)
                  : bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "tapeline_counts", 4, 8, entries,
                                   NULL);
    return map < 0 ? -errno : map;
}

int cxdp_map_set_socket(int map, uint32_t index, int socket) {
    return bpf_map_update_elem(map, &index, &socket, BPF_ANY) < 0 ? -errno : 0;
}

int cxdp_map_count(int map, uint32_t index, uint64_t *sum) {
    int processors = libbpf_num_possible_cpus();
    if (processors < 0) return processors;
    uint64_t *values = calloc((size_t)processors, sizeof *values);
    if (!values) return -ENOMEM;
    int result = bpf_map_lookup_elem(map, &index, values) < 0 ? -errno : 0;
    *sum = 0;
    for (int one = 0; one < processors; one++) *sum += values[one];
    free(values);
    return result;
}

int cxdp_program_load(const char *name, const uint64_t *instructions, size_t count, char *log,
                      size_t log_bytes) {
    LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_XDP,
                .prog_flags = BPF_F_XDP_HAS_FRAGS);
    const struct bpf_insn *program = (const struct bpf_insn *)instructions;
    int loaded = bpf_prog_load(BPF_PROG_TYPE_XDP, name, "Apache-2.0", program, count, &options);
    if (loaded >= 0) return loaded;
    int first = errno;
    /* Once more for the verifier's words, which cost time to make. */
    options.log_level = 1;
    options.log_buf = log;
    options.log_size = (uint32_t)log_bytes;
    loaded = bpf_prog_load(BPF_PROG_TYPE_XDP, name, "Apache-2.0", program, count, &options);
    return loaded < 0 ? -first : loaded;
}

int cxdp_program_attach(int program, unsigned interface_index, int in_driver) {
    LIBBPF_OPTS(bpf_link_create_opts, options,
                .flags = in_driver ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);
    int link = bpf_link_create(program, (int)interface_index, BPF_XDP, &options);
    return link < 0 ? -errno : link;
}

int cxdp_socket_open(cxdp_socket *one, const char *interface, uint32_t queue, void *memory,
                     uint64_t bytes, uint32_t chunk_bytes, uint32_t entries, int zero_copy,
                     const char **step) {
    /* Twice the chunks: the kernel shows a packet before it shows that its place in the fill ring is
     * free (xsk_flush), so a chunk may come back while all places still look taken. */
    struct xsk_umem_config chunks = {.fill_size = 2 * entries,
                                     /* Nothing is sent, but the ring has to be there. */
                                     .comp_size = 64,
                                     .frame_size = chunk_bytes};
    struct xsk_socket_config configuration = {
        .rx_size = entries,
        .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
        .bind_flags = XDP_USE_NEED_WAKEUP | (zero_copy ? XDP_ZEROCOPY : XDP_COPY)};
    memset(one, 0, sizeof *one);
    *step = "packet memory";
    int result = xsk_umem__create(&one->umem, memory, bytes, &one->fill, &one->completion, &chunks);
    if (result < 0) return result;
    *step = "bind";
    result = xsk_socket__create(&one->socket, interface, queue, one->umem, &one->receive, NULL,
                                &configuration);
    if (result < 0) {
        one->socket = NULL;
        cxdp_socket_close(one);
    }
    return result;
}

void cxdp_socket_close(cxdp_socket *one) {
    if (one->socket) xsk_socket__delete(one->socket);
    if (one->umem) xsk_umem__delete(one->umem);
    one->socket = NULL;
    one->umem = NULL;
}

int cxdp_socket_descriptor(const cxdp_socket *one) { return xsk_socket__fd(one->socket); }

int cxdp_socket_is_zero_copy(int descriptor) {
    struct xdp_options options = {0};
    socklen_t length = sizeof options;
    if (getsockopt(descriptor, SOL_XDP, XDP_OPTIONS, &options, &length) < 0) return 0;
    return (options.flags & XDP_OPTIONS_ZEROCOPY) != 0;
}

int cxdp_socket_statistics(int descriptor, cxdp_statistics *statistics) {
    struct xdp_statistics found = {0};
    socklen_t length = sizeof found;
    if (getsockopt(descriptor, SOL_XDP, XDP_STATISTICS, &found, &length) < 0) return -errno;
    statistics->dropped = found.rx_dropped;
    statistics->ring_full = found.rx_ring_full;
    return 0;
}

int cxdp_socket_busy_poll(int descriptor, int microseconds, int budget) {
    int on = 1;
    if (setsockopt(descriptor, SOL_SOCKET, SO_PREFER_BUSY_POLL, &on, sizeof on) < 0 ||
        setsockopt(descriptor, SOL_SOCKET, SO_BUSY_POLL, &microseconds, sizeof microseconds) < 0 ||
        setsockopt(descriptor, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &budget, sizeof budget) < 0)
        return -errno;
    return 0;
}

/* SIOCETHTOOL; `data` begins with the command. */
static int ask_ethtool(const char *interface, void *data) {
    struct ifreq request = {0};
    if (strlen(interface) >= sizeof request.ifr_name) return -ENODEV;
    strcpy(request.ifr_name, interface);
    request.ifr_data = data;
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int result = ioctl(descriptor, SIOCETHTOOL, &request) < 0 ? -errno : 0;
    close(descriptor);
    return result;
}

int cxdp_interface_queues(const char *interface) {
    struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
    int result = ask_ethtool(interface, &channels);
    return result < 0 ? result : (int)(channels.rx_count + channels.combined_count);
}

int cxdp_interface_strips_vlan(const char *interface) {
    struct ethtool_value flags = {.cmd = ETHTOOL_GFLAGS};
    return ask_ethtool(interface, &flags) == 0 && (flags.data & ETH_FLAG_RXVLAN) != 0;
}
