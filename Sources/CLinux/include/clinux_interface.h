/* Network interfaces: flags and sizes. */
#ifndef CLINUX_INTERFACE_H
#define CLINUX_INTERFACE_H

#include <stdint.h>

enum clinux_interface_flag { CLINUX_INTERFACE_UP = 1, CLINUX_INTERFACE_MULTICAST = 2,
                             CLINUX_INTERFACE_RUNNING = 4 };

/* Flags (CLINUX_INTERFACE_…) and MTU in bytes of an interface. Returns 0, or -1 with errno set. */
int clinux_interface(const char *name, uint32_t *flags, uint32_t *mtu);

#endif
