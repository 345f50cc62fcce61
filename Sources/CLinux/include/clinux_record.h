/* A TPACKET_V3 ring of one interface, for the recorder, and what goes with it. */
#ifndef CLINUX_RECORD_H
#define CLINUX_RECORD_H

#include <linux/if_packet.h>
#include <stddef.h>
#include <stdint.h>

/* One instruction of a classic BPF filter; the layout of struct sock_filter. */
typedef struct clinux_record_instruction {
    uint16_t code;
    uint8_t jump_true, jump_false;
    uint32_t operand;
} clinux_record_instruction;

typedef struct clinux_record_setup {
    unsigned interface_index;
    /* A multiple of the page size, and how many of them. */
    unsigned block_bytes, block_count;
    /* After so many milliseconds a block is handed over although it is not full. */
    unsigned retire_ms;
    /* NULL for everything. */
    const clinux_record_instruction *filter;
    unsigned filter_length;
    int promiscuous;
    /* Ask for the network card's stamps. */
    int hardware_time;
    /* Leave out what this host sends. */
    int ignore_outgoing;
} clinux_record_setup;

/* Opens a packet socket with a mapped ring of blocks. Nothing that came before the filter was in
 * place is in the ring. Returns the descriptor, or -1 with errno set and `*step` naming the call. */
int clinux_record_open(const clinux_record_setup *setup, const char *interface_name, void **ring,
                       const char **step);
void clinux_record_close(int fd, void *ring, size_t size);

/* Adds what was counted since the last call: packets that passed the filter, those dropped included,
 * and those dropped because no block was free. Returns 0, or -1 with errno set. */
int clinux_record_statistics(int fd, uint64_t *packets, uint64_t *drops);

/* Lets nothing more into the ring. Returns 0, or -1 with errno set. */
int clinux_record_shut(int fd);

/* Hardware type (ARPHRD_…) of an interface, or -1 with errno set. */
int clinux_record_hardware_type(const char *interface_name);

/* A socket that only holds a membership: `address` is 4 or 16 bytes in network order. Returns the
 * descriptor, or -1 with errno set. */
int clinux_record_join(unsigned interface_index, const uint8_t *address, size_t length);

/* The block's status word: TP_STATUS_USER once the kernel has handed it over. */
static inline uint32_t clinux_record_block_status(const struct tpacket_block_desc *block) {
    return __atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE);
}

/* Gives the block back to the kernel. */
static inline void clinux_record_block_release(struct tpacket_block_desc *block) {
    __atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

#endif
