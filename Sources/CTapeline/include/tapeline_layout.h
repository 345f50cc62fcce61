/* Layout of a tape: the shared-memory object that one publisher writes and any number of readers
 * map read-only. All integers little-endian, all offsets in bytes from the start of the object.
 *
 * Compiles as C11 and C++17. Sources/Tape/LAYOUT.md describes every table in words. Fields that the
 * publisher changes while readers look are accessed with __atomic builtins (C) or Atomic (Swift).
 */
#ifndef TAPELINE_LAYOUT_H
#define TAPELINE_LAYOUT_H

#include "tapeline_tick.h"

/* "TAPELIN1" read as a little-endian integer. */
static const uint64_t tapeline_tape_magic = 0x314e494c45504154ULL;

enum {
    TAPELINE_LAYOUT_VERSION = 2,
    TAPELINE_HEADER_SIZE = 4096,
    TAPELINE_EPOCH_HISTORY = 16,
    TAPELINE_SKEW_BUCKETS = 32
};

/* tapeline_header.state */
enum {
    TAPELINE_STATE_STARTING = 0,
    TAPELINE_STATE_LIVE = 1,
    /* The publisher stopped cleanly: nothing will follow. */
    TAPELINE_STATE_ENDED = 2,
    /* A newer object carries this name: attach again. */
    TAPELINE_STATE_SUPERSEDED = 3
};

/* The beginning of the object, whose first TAPELINE_HEADER_SIZE bytes are its own. What stands before
 * `claimed` never changes once the object has its name. */
typedef struct tapeline_header {
    uint64_t magic;
    uint32_t version;
    uint32_t header_size TAPELINE_SWIFT_NAME("headerSize");
    /* Higher than that of any earlier object of this name. */
    uint64_t generation;
    uint64_t total_size TAPELINE_SWIFT_NAME("totalSize");
    uint64_t ring_offset TAPELINE_SWIFT_NAME("ringOffset");
    /* In ticks, a power of two. */
    uint64_t ring_capacity TAPELINE_SWIFT_NAME("ringCapacity");
    /* Position of the first tick that this object carries. */
    uint64_t first_position TAPELINE_SWIFT_NAME("firstPosition");
    uint64_t channel_offset TAPELINE_SWIFT_NAME("channelOffset");
    uint64_t line_offset TAPELINE_SWIFT_NAME("lineOffset");
    uint64_t counter_offset TAPELINE_SWIFT_NAME("counterOffset");
    uint64_t instrument_offset TAPELINE_SWIFT_NAME("instrumentOffset");
    uint64_t top_offset TAPELINE_SWIFT_NAME("topOffset");
    uint64_t blob_offset TAPELINE_SWIFT_NAME("blobOffset");
    uint64_t blob_size TAPELINE_SWIFT_NAME("blobSize");
    uint32_t channel_count TAPELINE_SWIFT_NAME("channelCount");
    uint32_t line_count TAPELINE_SWIFT_NAME("lineCount");
    uint32_t counter_count TAPELINE_SWIFT_NAME("counterCount");
    /* Entries in the directory and in the top-of-book table; entry i describes instrument i. */
    uint32_t instrument_capacity TAPELINE_SWIFT_NAME("instrumentCapacity");
    /* YYYYMMDD, 0 if unknown. */
    uint32_t trading_day TAPELINE_SWIFT_NAME("tradingDay");
    uint32_t publisher_process TAPELINE_SWIFT_NAME("publisherProcess");
    uint64_t config_hash TAPELINE_SWIFT_NAME("configHash");
    /* ns since the Unix epoch, UTC. */
    uint64_t start_time TAPELINE_SWIFT_NAME("startTime");
    /* Zero-terminated UTF-8; feeds separated by commas. */
    char name[64];
    char feeds[256];
    uint64_t reserved0[69];

    /* Offset 1024: written by the core thread. Positions count ticks since the tape's beginning. */
    uint64_t claimed;
    uint64_t reserved1[7];
    uint64_t published;
    uint64_t reserved2[7];
    /* CLOCK_MONOTONIC ns of the core thread's last round. */
    uint64_t heartbeat;
    uint64_t reserved3[7];
    /* TAPELINE_STATE_… */
    uint64_t state;
    /* Directory entries in use: ids 1 … instrument_count. */
    uint64_t instrument_count TAPELINE_SWIFT_NAME("instrumentCount");
    uint64_t blob_used TAPELINE_SWIFT_NAME("blobUsed");
    uint64_t reserved4[5];
    /* Offset 1280: written by the journal thread: everything below it is synced. */
    uint64_t journaled;
    uint64_t reserved5[7];
} tapeline_header;

/* One run of a channel's sequence numbers. */
typedef struct tapeline_epoch {
    uint64_t start_position TAPELINE_SWIFT_NAME("startPosition");
    uint64_t first_sequence TAPELINE_SWIFT_NAME("firstSequence");
    uint32_t number;
    uint32_t cause;
} tapeline_epoch;

/* 1024 bytes. Guarded by `guard`: odd while the publisher writes. */
typedef struct tapeline_channel {
    uint32_t guard;
    uint16_t id;
    /* 0 messages, 1 packets: what `sequence` counts. */
    uint8_t unit;
    uint8_t reserved0;
    char name[32];
    char venue[16];
    char protocol[16];
    uint8_t session[16];
    uint32_t epoch;
    uint32_t session_length TAPELINE_SWIFT_NAME("sessionLength");
    uint64_t first;
    uint64_t next;
    /* Behind the highest sequence that is known to exist. */
    uint64_t known_end TAPELINE_SWIFT_NAME("knownEnd");
    uint64_t received;
    uint64_t delivered;
    uint64_t duplicate;
    uint64_t stale;
    uint64_t rejected;
    uint64_t late;
    uint64_t held;
    uint64_t lost;
    uint64_t waiting;
    uint64_t recovered;
    uint64_t gaps;
    uint64_t gaps_open TAPELINE_SWIFT_NAME("gapsOpen");
    uint64_t gaps_filled TAPELINE_SWIFT_NAME("gapsFilled");
    uint64_t reserved1[2];
    /* Newest epoch at index (epoch - 1) % TAPELINE_EPOCH_HISTORY. */
    tapeline_epoch epochs[16];
    uint64_t reserved2[50];
} tapeline_channel;

/* 512 bytes, guarded like tapeline_channel. */
typedef struct tapeline_line {
    uint32_t guard;
    uint16_t channel;
    uint8_t id;
    uint8_t reserved0;
    char name[32];
    uint64_t packets;
    uint64_t messages;
    uint64_t bytes;
    uint64_t wins;
    uint64_t duplicates;
    uint64_t stale;
    uint64_t lost;
    uint64_t out_of_order TAPELINE_SWIFT_NAME("outOfOrder");
    uint64_t rejected;
    uint64_t heartbeats;
    uint64_t last_time TAPELINE_SWIFT_NAME("lastTime");
    /* Packets lost in front of us: in socket buffers or packet rings, at the interface, in driver or
     * AF_XDP rings, in our own; and kept out by what the configuration lists. Counters that several
     * lines share stand at each of them. */
    uint64_t dropped_kernel TAPELINE_SWIFT_NAME("droppedKernel");
    uint64_t dropped_interface TAPELINE_SWIFT_NAME("droppedInterface");
    uint64_t dropped_driver TAPELINE_SWIFT_NAME("droppedDriver");
    uint64_t dropped_ring TAPELINE_SWIFT_NAME("droppedRing");
    /* Bucket i counts packets that came 2^(i-1) … 2^i - 1 ns after the winner; bucket 0: 0 ns, the
     * last one: everything above. */
    uint64_t skew[32];
    uint64_t filtered;
    uint64_t reserved1[11];
} tapeline_line;

/* 64 bytes; the name is zero-terminated and never changes. */
typedef struct tapeline_counter {
    uint64_t value;
    char name[56];
} tapeline_counter;

/* 128 bytes, guarded like tapeline_channel. */
typedef struct tapeline_instrument {
    uint32_t guard;
    uint32_t id;
    char symbol[32];
    char venue[16];
    /* The venue's own number for the instrument (stock locate, security id); 0 if none. */
    uint64_t code;
    /* Billionths of the price unit; 0 if unknown. */
    int64_t tick_size TAPELINE_SWIFT_NAME("tickSize");
    /* Round lot in quantity units; 0 if unknown. */
    int64_t lot_size TAPELINE_SWIFT_NAME("lotSize");
    uint16_t channel;
    uint8_t kind;
    uint8_t reserved0;
    char currency[4];
    /* Venue details as `key=value` lines, UTF-8, inside the blob area. */
    uint64_t details_offset TAPELINE_SWIFT_NAME("detailsOffset");
    uint32_t details_length TAPELINE_SWIFT_NAME("detailsLength");
    uint8_t reserved1[28];
} tapeline_instrument;

/* tapeline_top.flags */
enum { TAPELINE_TOP_SUSPECT = 1, TAPELINE_TOP_CROSSED = 2, TAPELINE_TOP_LOCKED = 4 };

/* 64 bytes, one cache line. An empty side has order count and quantity 0 and price none. */
typedef struct tapeline_top {
    uint32_t guard;
    uint32_t flags;
    /* Position of the tick that made it so. */
    uint64_t position;
    int64_t bid_price TAPELINE_SWIFT_NAME("bidPrice");
    int64_t bid_quantity TAPELINE_SWIFT_NAME("bidQuantity");
    int64_t ask_price TAPELINE_SWIFT_NAME("askPrice");
    int64_t ask_quantity TAPELINE_SWIFT_NAME("askQuantity");
    uint32_t bid_orders TAPELINE_SWIFT_NAME("bidOrders");
    uint32_t ask_orders TAPELINE_SWIFT_NAME("askOrders");
    uint64_t exchange_time TAPELINE_SWIFT_NAME("exchangeTime");
} tapeline_top;

#endif
