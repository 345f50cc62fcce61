#define _GNU_SOURCE
#include "clinux_ethtool.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Counters of one card; beyond it, what the kernel says is not to be believed. */
enum { STATISTICS_MAX = 1 << 16 };

static int call(int fd, const char *interface, void *command) {
    struct ifreq request;

    memset(&request, 0, sizeof(request));
    strcpy(request.ifr_name, interface);
    request.ifr_data = command;
    return ioctl(fd, SIOCETHTOOL, &request);
}

static int open_control(const char *interface) {
    if (strlen(interface) >= IFNAMSIZ) {
        errno = ENODEV;
        return -1;
    }
    return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int statistics_count(int fd, const char *interface) {
    struct ethtool_sset_info *info = calloc(1, sizeof(*info) + sizeof(uint32_t));
    int result = -1;

    if (info == NULL) return -1;
    info->cmd = ETHTOOL_GSSET_INFO;
    info->sset_mask = 1ULL << ETH_SS_STATS;
    if (call(fd, interface, info) == 0) {
        if (info->sset_mask == 0) result = 0;
        else result = info->data[0] > STATISTICS_MAX ? STATISTICS_MAX : (int)info->data[0];
    }
    free(info);
    return result;
}

static int read_statistics(int fd, const char *interface, clinux_ethtool_statistic **out) {
    int count = statistics_count(fd, interface);
    /* The kernel writes as many as there are by then, whatever was asked for: a driver may have got
     * queues meanwhile. */
    size_t room = count > 0 ? 2 * (size_t)count + 1024 : 0;
    struct ethtool_gstrings *names;
    struct ethtool_stats *values;
    int index, result = -1;

    if (count <= 0) return count;
    names = calloc(1, sizeof(*names) + room * ETH_GSTRING_LEN);
    values = calloc(1, sizeof(*values) + room * sizeof(uint64_t));
    *out = calloc(room, sizeof(**out));
    if (names == NULL || values == NULL || *out == NULL) {
        errno = ENOMEM;
        goto done;
    }
    names->cmd = ETHTOOL_GSTRINGS;
    names->string_set = ETH_SS_STATS;
    names->len = (uint32_t)count;
    values->cmd = ETHTOOL_GSTATS;
    values->n_stats = (uint32_t)count;
    if (call(fd, interface, names) != 0 || call(fd, interface, values) != 0) goto done;
    if (names->len != values->n_stats || names->len > room) {
        errno = EAGAIN;
        goto done;
    }
    result = (int)names->len;
    for (index = 0; index < result; index++) {
        memcpy((*out)[index].name, names->data + (size_t)index * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
        (*out)[index].value = values->data[index];
    }
done:
    index = errno;
    free(names);
    free(values);
    if (result < 0) {
        free(*out);
        *out = NULL;
    }
    errno = index;
    return result;
}

int clinux_ethtool_statistics(const char *interface, clinux_ethtool_statistic **out) {
    int fd = open_control(interface);
    int result, error;

    *out = NULL;
    if (fd < 0) return -1;
    result = read_statistics(fd, interface, out);
    error = errno;
    close(fd);
    errno = error;
    return result;
}

int clinux_ethtool_settings_of(const char *interface, clinux_ethtool_settings *out) {
    struct ethtool_ringparam rings = {.cmd = ETHTOOL_GRINGPARAM};
    struct ethtool_coalesce coalescing = {.cmd = ETHTOOL_GCOALESCE};
    struct ethtool_value generic = {.cmd = ETHTOOL_GGRO}, flags = {.cmd = ETHTOOL_GFLAGS};
    struct ethtool_ts_info stamping = {.cmd = ETHTOOL_GET_TS_INFO};
    const uint32_t raw = SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;
    int fd;

    memset(out, 0, sizeof(*out));
    if (if_nametoindex(interface) == 0) return -1;
    fd = open_control(interface);
    if (fd < 0) return -1;
    if (call(fd, interface, &rings) == 0) {
        out->has_rings = 1;
        out->receive_ring = rings.rx_pending;
        out->receive_ring_maximum = rings.rx_max_pending;
    }
    if (call(fd, interface, &coalescing) == 0) {
        out->has_coalescing = 1;
        out->receive_microseconds = coalescing.rx_coalesce_usecs;
        out->receive_frames = coalescing.rx_max_coalesced_frames;
        out->adaptive_receive = coalescing.use_adaptive_rx_coalesce != 0;
    }
    if (call(fd, interface, &generic) == 0 && call(fd, interface, &flags) == 0) {
        out->has_offloads = 1;
        out->generic_receive_offload = generic.data != 0;
        out->large_receive_offload = (flags.data & ETH_FLAG_LRO) != 0;
    }
    if (call(fd, interface, &stamping) == 0) {
        out->has_stamping = 1;
        out->stamps_all_packets = (stamping.so_timestamping & raw) == raw &&
                                  (stamping.rx_filters & 1u << HWTSTAMP_FILTER_ALL) != 0;
        out->clock = stamping.phc_index;
    }
    close(fd);
    return 0;
}
