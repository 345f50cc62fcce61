/* Packet sockets (AF_PACKET): the mapped TPACKET_V2 ring, classic BPF, statistics. */
#ifndef CLINUX_PACKET_H
#define CLINUX_PACKET_H

#include <stdint.h>

/* Numbers of <linux/if_packet.h> and <linux/net_tstamp.h>; pinned in packet.c. */
enum clinux_packet_constant {
    CLINUX_SOL_PACKET = 263,
    CLINUX_PACKET_VERSION = 10,
    CLINUX_PACKET_TIMESTAMP = 17,
    CLINUX_PACKET_FANOUT = 18,
    CLINUX_PACKET_IGNORE_OUTGOING = 23,
    CLINUX_TPACKET_V2 = 1,
    CLINUX_TPACKET_ALIGNMENT = 16,
    /* From the start of a frame's slot: its link-layer address, and the end of both headers. */
    CLINUX_TPACKET2_ADDRESS = 32,
    CLINUX_TPACKET2_HEADERS = 52,
    CLINUX_FANOUT_HASH = 0,
    CLINUX_FANOUT_UNIQUE_ID = 0x2000,
    CLINUX_PACKET_OUTGOING = 4,
    CLINUX_TIMESTAMP_RAW_HARDWARE = 1 << 6
};

static const uint32_t CLINUX_TP_STATUS_KERNEL = 0;
static const uint32_t CLINUX_TP_STATUS_USER = 1;
static const uint32_t CLINUX_TP_STATUS_VLAN_VALID = 1 << 4;
static const uint32_t CLINUX_TP_STATUS_VLAN_TPID_VALID = 1 << 6;
static const uint32_t CLINUX_TP_STATUS_RAW_HARDWARE = 1U << 31;

/* What the kernel writes at the start of a slot: struct tpacket2_hdr. */
typedef struct clinux_packet_header {
    uint32_t status;
    uint32_t length;
    uint32_t captured_length;
    uint16_t link_offset;
    uint16_t network_offset;
    uint32_t seconds;
    uint32_t nanoseconds;
    uint16_t vlan_tci;
    uint16_t vlan_tpid;
    uint8_t padding[4];
} clinux_packet_header;

/* Who owns a slot, before its content is read; and handing it over, after. */
static inline uint32_t clinux_packet_status(const clinux_packet_header *header) {
    return __atomic_load_n(&header->status, __ATOMIC_ACQUIRE);
}
static inline void clinux_packet_set_status(clinux_packet_header *header, uint32_t status) {
    __atomic_store_n(&header->status, status, __ATOMIC_RELEASE);
}

/* The kernel's kind of a packet (PACKET_HOST …) from the link-layer address in its slot. */
static inline uint8_t clinux_packet_kind(const clinux_packet_header *header) {
    return ((const uint8_t *)header)[CLINUX_TPACKET2_ADDRESS + 10];
}

/* One instruction of classic BPF: struct sock_filter. */
typedef struct clinux_bpf_instruction {
    uint16_t code;
    uint8_t jump_true;
    uint8_t jump_false;
    uint32_t operand;
} clinux_bpf_instruction;

/* All return -1 with errno set on failure. */

/* A raw packet socket that receives nothing until it is bound. */
int clinux_packet_socket(void);
/* Receives whatever comes in on the interface from now on. */
int clinux_packet_bind(int fd, unsigned interface_index);
/* Attaches a filter, in place of the one before. */
int clinux_packet_filter(int fd, const clinux_bpf_instruction *program, unsigned count);
/* Makes the receive ring and maps it. NULL on failure, with `*step` naming the call. */
void *clinux_packet_ring(int fd, unsigned block_size, unsigned block_count, unsigned frame_size,
                         const char **step);
/* Packets that passed the filter, the dropped ones included, and dropped ones, since last asked. */
int clinux_packet_statistics(int fd, uint32_t *packets, uint32_t *drops);
/* 1 if the interface's frames begin with an Ethernet header, 0 if not. */
int clinux_interface_is_ethernet(const char *name);

#endif
