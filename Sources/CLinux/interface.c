#define _GNU_SOURCE
#include "clinux_interface.h"

#include <errno.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* IFF_LOWER_UP of linux/if.h, which does not go with net/if.h. */
static const unsigned lower_up = 1u << 16;

static uint32_t short_flags(unsigned flags) {
    return (flags & IFF_UP ? CLINUX_INTERFACE_UP : 0) |
           (flags & IFF_MULTICAST ? CLINUX_INTERFACE_MULTICAST : 0) |
           (flags & IFF_RUNNING ? CLINUX_INTERFACE_RUNNING : 0) |
           (flags & lower_up ? CLINUX_INTERFACE_CARRIER : 0);
}

int clinux_interface(const char *name, uint32_t *flags, uint32_t *mtu) {
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
    result = ioctl(fd, SIOCGIFFLAGS, &request);
    if (result == 0) {
        *flags = short_flags((unsigned)(unsigned short)request.ifr_flags);
        result = ioctl(fd, SIOCGIFMTU, &request);
        *mtu = (uint32_t)request.ifr_mtu;
    }
    error = errno;
    close(fd);
    errno = error;
    return result;
}

int clinux_link_socket(void) {
    return socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
}

int clinux_link_read(int fd, const char *name, clinux_link *out) {
    struct {
        struct nlmsghdr header;
        struct ifinfomsg info;
        struct rtattr attribute;
        char name[IFNAMSIZ];
    } request;
    _Alignas(struct nlmsghdr) char answer[8192];
    size_t length = strlen(name) + 1;
    ssize_t size;

    if (length > IFNAMSIZ) {
        errno = ENODEV;
        return -1;
    }
    /* An answer that an earlier call did not wait for. */
    while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0) {}
    memset(&request, 0, sizeof(request));
    request.header.nlmsg_len = sizeof(request);
    request.header.nlmsg_type = RTM_GETLINK;
    request.header.nlmsg_flags = NLM_F_REQUEST;
    request.attribute.rta_type = IFLA_IFNAME;
    request.attribute.rta_len = (unsigned short)RTA_LENGTH(sizeof(request.name));
    memcpy(request.name, name, length);
    if (send(fd, &request, sizeof(request), 0) != (ssize_t)sizeof(request)) return -1;
    size = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
    if (size < 0) return -1;
    for (struct nlmsghdr *header = (struct nlmsghdr *)answer; NLMSG_OK(header, (size_t)size);
         header = NLMSG_NEXT(header, size)) {
        if (header->nlmsg_type == NLMSG_ERROR) {
            errno = -((struct nlmsgerr *)NLMSG_DATA(header))->error;
            return -1;
        }
        if (header->nlmsg_type != RTM_NEWLINK) continue;
        struct ifinfomsg *info = NLMSG_DATA(header);
        int left = (int)IFLA_PAYLOAD(header);
        out->index = (uint32_t)info->ifi_index;
        out->flags = short_flags(info->ifi_flags);
        out->carrier_changes = 0;
        for (struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
            if (a->rta_type == IFLA_CARRIER_CHANGES &&
                RTA_PAYLOAD(a) >= sizeof(out->carrier_changes)) {
                memcpy(&out->carrier_changes, RTA_DATA(a), sizeof(out->carrier_changes));
            }
        }
        return 0;
    }
    errno = ENODEV;
    return -1;
}

int clinux_interface_stamp_packets(const char *name) {
    struct ifreq request;
    struct hwtstamp_config config;
    int fd, result, error;

    if (strlen(name) >= sizeof(request.ifr_name)) {
        errno = ENODEV;
        return -1;
    }
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    memset(&request, 0, sizeof(request));
    memset(&config, 0, sizeof(config));
    strcpy(request.ifr_name, name);
    request.ifr_data = (char *)&config;
    result = ioctl(fd, SIOCGHWTSTAMP, &request);
    /* What a time service has set up is left alone. */
    if (result == 0 && config.rx_filter == HWTSTAMP_FILTER_NONE) {
        config.rx_filter = HWTSTAMP_FILTER_ALL;
        result = ioctl(fd, SIOCSHWTSTAMP, &request);
    }
    error = errno;
    close(fd);
    errno = error;
    return result;
}
