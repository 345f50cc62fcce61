/* Network interfaces: flags and sizes. */
#ifndef CLINUX_INTERFACE_H
#define CLINUX_INTERFACE_H

#include <stdint.h>

enum clinux_interface_flag { CLINUX_INTERFACE_UP = 1, CLINUX_INTERFACE_MULTICAST = 2,
                             CLINUX_INTERFACE_RUNNING = 4,
                             /* Only from clinux_link_read: at once, where RUNNING may come later. */
                             CLINUX_INTERFACE_CARRIER = 8 };

/* Flags (CLINUX_INTERFACE_…) and MTU in bytes of an interface. Returns 0, or -1 with errno set. */
int clinux_interface(const char *name, uint32_t *flags, uint32_t *mtu);

/* An interface at one moment. */
typedef struct clinux_link {
    uint32_t index;
    /* CLINUX_INTERFACE_… */
    uint32_t flags;
    /* How often the carrier came or went: tells a flap that is over. */
    uint32_t carrier_changes;
} clinux_link;

/* Opens a socket to ask for links, which belongs to the caller's network namespace for good. Returns
 * the descriptor, or -1 with errno set. */
int clinux_link_socket(void);

/* Asks for an interface by name, without waiting: the kernel answers within the call. Returns 0, or
 * -1 with errno set, ENODEV if there is none. */
int clinux_link_read(int fd, const char *name, clinux_link *out);

/* Makes the interface's network card stamp all packets, unless it stamps some already. Needs
 * CAP_NET_ADMIN. Returns 0, or -1 with errno set. */
int clinux_interface_stamp_packets(const char *name);

#endif
