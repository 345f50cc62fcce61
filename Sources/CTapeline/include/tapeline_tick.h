/* The Tapeline tick: one normalized market-data record, 64 bytes, little-endian.
 *
 * This header is the source of truth for the record. Swift imports it, the journal stores it and
 * the tape carries it. Compiles as C11 and C++17. See Sources/Tape/LAYOUT.md for the meaning of
 * every kind, flag and detail. Nothing here changes without a bump of TAPELINE_LAYOUT_VERSION.
 */
#ifndef TAPELINE_TICK_H
#define TAPELINE_TICK_H

#include <stdint.h>

#if defined(__has_attribute)
#if __has_attribute(swift_name)
#define TAPELINE_SWIFT_NAME(name) __attribute__((swift_name(name)))
#endif
#endif
#ifndef TAPELINE_SWIFT_NAME
#define TAPELINE_SWIFT_NAME(name)
#endif

/* No price: the largest value. */
static const int64_t tapeline_price_none = 0x7fffffffffffffffLL;
/* No quantity: the smallest value. */
static const int64_t tapeline_quantity_none = -0x7fffffffffffffffLL - 1;
/* Prices count billionths of the price unit. */
static const int64_t tapeline_price_scale = 1000000000LL;

/* tapeline_tick.kind */
enum {
    TAPELINE_KIND_NONE = 0,
    TAPELINE_KIND_ADD = 1,
    TAPELINE_KIND_MODIFY = 2,
    TAPELINE_KIND_CANCEL = 3,
    TAPELINE_KIND_DELETE = 4,
    TAPELINE_KIND_FILL = 5,
    TAPELINE_KIND_TRADE = 6,
    TAPELINE_KIND_TRADE_BREAK = 7,
    TAPELINE_KIND_TRADE_CORRECT = 8,
    TAPELINE_KIND_LEVEL = 9,
    TAPELINE_KIND_QUOTE = 10,
    TAPELINE_KIND_CLEAR = 11,
    TAPELINE_KIND_STATUS = 12,
    TAPELINE_KIND_LIMITS = 13,
    TAPELINE_KIND_IMBALANCE = 14,
    TAPELINE_KIND_STATISTIC = 15,
    TAPELINE_KIND_DEFINITION = 16,
    TAPELINE_KIND_GAP = 17,
    TAPELINE_KIND_GAP_FILLED = 18,
    TAPELINE_KIND_EPOCH = 19,
    TAPELINE_KIND_HEARTBEAT = 20,
    TAPELINE_KIND_LINE_STATE = 21,
    TAPELINE_KIND_ALERT = 22
};

/* tapeline_tick.side */
enum { TAPELINE_SIDE_NONE = 0, TAPELINE_SIDE_BID = 1, TAPELINE_SIDE_ASK = 2 };

/* tapeline_tick.flags */
enum {
    TAPELINE_FLAG_LAST_OF_EVENT = 1 << 0,
    TAPELINE_FLAG_SNAPSHOT = 1 << 1,
    TAPELINE_FLAG_RECOVERED = 1 << 2,
    TAPELINE_FLAG_REPLACED = 1 << 3,
    TAPELINE_FLAG_TOP_CHANGED = 1 << 4,
    TAPELINE_FLAG_IMPLIED = 1 << 5,
    TAPELINE_FLAG_OFF_BOOK = 1 << 6,
    TAPELINE_FLAG_NON_PRINTABLE = 1 << 7,
    TAPELINE_FLAG_AUCTION = 1 << 8,
    TAPELINE_FLAG_BOOK_SUSPECT = 1 << 9,
    TAPELINE_FLAG_CROSSED = 1 << 10,
    TAPELINE_FLAG_LOCKED = 1 << 11,
    TAPELINE_FLAG_OUTLIER = 1 << 12,
    TAPELINE_FLAG_BAD_CAPTURE_TIME = 1 << 13,
    /* Bits 14 and 15: where capture_time comes from. */
    TAPELINE_FLAG_TIME_SOURCE_SHIFT = 14,
    TAPELINE_FLAG_TIME_SOURCE_MASK = 3 << 14
};

/* Values of the two capture-time bits. */
enum {
    TAPELINE_TIME_USER = 0,
    TAPELINE_TIME_KERNEL = 1,
    TAPELINE_TIME_HARDWARE = 2,
    TAPELINE_TIME_FILE = 3
};

/* tapeline_tick.line, above the real lines */
enum { TAPELINE_LINE_RETRANSMISSION = 254, TAPELINE_LINE_SNAPSHOT = 255 };

typedef struct tapeline_tick {
    /* ns since the Unix epoch, UTC, as the venue stamped the event; 0 if it gives none */
    uint64_t exchange_time TAPELINE_SWIFT_NAME("exchangeTime");
    /* ns since the Unix epoch, UTC, when the packet reached us */
    uint64_t capture_time TAPELINE_SWIFT_NAME("captureTime");
    /* the message's number in its channel and epoch, in the channel's own unit */
    uint64_t sequence;
    /* order reference; match id for trades; 0 if none */
    uint64_t order_id TAPELINE_SWIFT_NAME("orderID");
    /* billionths of the price unit; tapeline_price_none if none; negative is legal */
    int64_t price;
    /* in the instrument's quantity unit; tapeline_quantity_none if none */
    int64_t quantity;
    /* directory id; 0 = the channel as a whole */
    uint32_t instrument;
    /* channel id on this tape */
    uint16_t channel;
    /* TAPELINE_KIND_… */
    uint8_t kind;
    /* TAPELINE_SIDE_…; for trades the aggressor, where the venue tells it */
    uint8_t side;
    /* TAPELINE_FLAG_… */
    uint16_t flags;
    /* line that delivered the packet; TAPELINE_LINE_… above the real lines */
    uint8_t line;
    /* by kind, see LAYOUT.md */
    uint8_t detail;
    /* by kind, see LAYOUT.md */
    uint32_t extra;
} tapeline_tick;

#endif
