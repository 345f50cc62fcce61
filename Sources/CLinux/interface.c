#define _GNU_SOURCE
#include "clinux_interface.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

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
        *flags = (request.ifr_flags & IFF_UP ? CLINUX_INTERFACE_UP : 0) |
                 (request.ifr_flags & IFF_MULTICAST ? CLINUX_INTERFACE_MULTICAST : 0) |
                 (request.ifr_flags & IFF_RUNNING ? CLINUX_INTERFACE_RUNNING : 0);
        result = ioctl(fd, SIOCGIFMTU, &request);
        *mtu = (uint32_t)request.ifr_mtu;
    }
    error = errno;
    close(fd);
    errno = error;
    return result;
}
