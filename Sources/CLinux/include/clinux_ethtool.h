/* Statistics and settings of network cards (SIOCETHTOOL). Each call returns -1 with errno set where
 * the interface is gone or its driver does not tell. */
#ifndef CLINUX_ETHTOOL_H
#define CLINUX_ETHTOOL_H

#include <stdint.h>

typedef struct clinux_ethtool_statistic {
    char name[40];
    uint64_t value;
} clinux_ethtool_statistic;

/* All counters of the driver. Returns how many; `*out` is to be freed with free(3). */
int clinux_ethtool_statistics(const char *interface, clinux_ethtool_statistic **out);

typedef struct clinux_ethtool_settings {
    /* 1 for each group of fields that the driver tells. */
    uint8_t has_rings, has_coalescing, has_offloads, has_stamping;
    /* Receive descriptors now, and at most. */
    uint32_t receive_ring, receive_ring_maximum;
    /* Microseconds and frames that the card may wait before it interrupts. */
    uint32_t receive_microseconds, receive_frames;
    uint8_t adaptive_receive;
    /* Packets merged before the stack sees them: by the kernel, by the card. */
    uint8_t generic_receive_offload, large_receive_offload;
    /* 1 if the card stamps every received packet, and gives the stamps out raw. */
    uint8_t stamps_all_packets;
    /* Its clock (/dev/ptpN), -1 for none. */
    int32_t clock;
} clinux_ethtool_settings;

/* Returns 0 if the interface is there; what the driver does not tell is marked absent. */
int clinux_ethtool_settings_of(const char *interface, clinux_ethtool_settings *out);

#endif
