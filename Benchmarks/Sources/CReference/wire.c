#define _GNU_SOURCE
#include "loads.h"
#include "reference.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* The packet: MoldUDP64 with five ITCH messages, which leave a book as they found it. Places of the
 * sequence and of the order references. */
enum { SEQUENCE = 10, MESSAGES = 5 };
static const uint16_t references[MESSAGES] = {33, 71, 96, 117, 155};
static const uint8_t orders[MESSAGES] = {0, 0, 0, 1, 1};

static void store64(uint8_t *bytes, uint64_t value) {
    value = __builtin_bswap64(value);
    memcpy(bytes, &value, sizeof(value));
}

static int closed(int socket) {
    int error = errno;
    close(socket);
    errno = error;
    return -1;
}

int reference_multicast_sender(const char *group, uint16_t port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct ip_mreqn interface = {.imr_ifindex = (int)if_nametoindex("lo")};
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0) return -1;
    if (inet_pton(AF_INET, group, &to.sin_addr) != 1) errno = EINVAL;
    else if (setsockopt(s, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface)) == 0 &&
             connect(s, (struct sockaddr *)&to, sizeof(to)) == 0) {
        return s;
    }
    return closed(s);
}

int reference_multicast_receiver(const char *group, uint16_t port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct ip_mreqn membership = {.imr_ifindex = (int)if_nametoindex("lo")};
    int one = 1, buffer = 16 << 20;
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0) return -1;
    if (inet_pton(AF_INET, group, &at.sin_addr) != 1) {
        errno = EINVAL;
        return closed(s);
    }
    membership.imr_multiaddr = at.sin_addr;
    (void)setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
    if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
        bind(s, (struct sockaddr *)&at, sizeof(at)) == 0 &&
        setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership)) == 0) {
        return s;
    }
    return closed(s);
}

uint64_t reference_send_paced(int socket, uint8_t *packet, size_t size, uint64_t count,
                              double rate) {
    uint64_t start = reference_now(), refused = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t due = start + (uint64_t)((double)i * 1e9 / rate), now;
        do {
            now = reference_now();
        } while (now < due);
        store64(packet + SEQUENCE, 1 + i * MESSAGES);
        for (int m = 0; m < MESSAGES; m++) {
            store64(packet + references[m], now << 1 | orders[m]);
        }
        if (send(socket, packet, size, 0) != (ssize_t)size) refused++;
    }
    return refused;
}

uint64_t reference_receive(int socket, uint64_t *latencies, uint64_t count, const int *sent_all) {
    uint8_t packet[2048];
    uint64_t received = 0, last = reference_now();
    while (received < count) {
        ssize_t size = recv(socket, packet, sizeof(packet), MSG_DONTWAIT);
        uint64_t now = reference_now();
        if (size > 0) {
            latencies[received++] = now - (load64(packet + references[0]) >> 1);
            last = now;
        } else if (__atomic_load_n(sent_all, __ATOMIC_ACQUIRE) && now - last > 50000000u) {
            break;
        }
    }
    return received;
}
