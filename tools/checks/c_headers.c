/* Compiled, not run: the layout of the tape as C and C++ see it. Offsets are those of DESIGN §4.1 and
 * Sources/Tape/LAYOUT.md, written out once more so that a change cannot pass unseen. */
#include "tapeline_reader.h"

#include <stddef.h>

#ifdef __cplusplus
#define CHECK(condition) static_assert(condition, #condition)
#else
#define CHECK(condition) _Static_assert(condition, #condition)
#endif
#define AT(type, field, offset) CHECK(offsetof(type, field) == (offset))

CHECK(sizeof(tapeline_tick) == 64);
AT(tapeline_tick, exchange_time, 0);
AT(tapeline_tick, capture_time, 8);
AT(tapeline_tick, sequence, 16);
AT(tapeline_tick, order_id, 24);
AT(tapeline_tick, price, 32);
AT(tapeline_tick, quantity, 40);
AT(tapeline_tick, instrument, 48);
AT(tapeline_tick, channel, 52);
AT(tapeline_tick, kind, 54);
AT(tapeline_tick, side, 55);
AT(tapeline_tick, flags, 56);
AT(tapeline_tick, line, 58);
AT(tapeline_tick, detail, 59);
AT(tapeline_tick, extra, 60);

CHECK(sizeof(tapeline_header) <= TAPELINE_HEADER_SIZE);
AT(tapeline_header, magic, 0);
AT(tapeline_header, version, 8);
AT(tapeline_header, header_size, 12);
AT(tapeline_header, generation, 16);
AT(tapeline_header, total_size, 24);
AT(tapeline_header, ring_offset, 32);
AT(tapeline_header, ring_capacity, 40);
AT(tapeline_header, first_position, 48);
AT(tapeline_header, channel_offset, 56);
AT(tapeline_header, line_offset, 64);
AT(tapeline_header, counter_offset, 72);
AT(tapeline_header, instrument_offset, 80);
AT(tapeline_header, top_offset, 88);
AT(tapeline_header, blob_offset, 96);
AT(tapeline_header, blob_size, 104);
AT(tapeline_header, channel_count, 112);
AT(tapeline_header, line_count, 116);
AT(tapeline_header, counter_count, 120);
AT(tapeline_header, instrument_capacity, 124);
AT(tapeline_header, trading_day, 128);
AT(tapeline_header, publisher_process, 132);
AT(tapeline_header, config_hash, 136);
AT(tapeline_header, start_time, 144);
AT(tapeline_header, name, 152);
AT(tapeline_header, feeds, 216);
/* Each of these has cache lines of its own. */
AT(tapeline_header, claimed, 1024);
AT(tapeline_header, published, 1088);
AT(tapeline_header, heartbeat, 1152);
AT(tapeline_header, state, 1216);
AT(tapeline_header, instrument_count, 1224);
AT(tapeline_header, blob_used, 1232);
AT(tapeline_header, journaled, 1280);

CHECK(sizeof(tapeline_epoch) == 24);
CHECK(sizeof(tapeline_channel) == 1024);
AT(tapeline_channel, guard, 0);
AT(tapeline_channel, id, 4);
AT(tapeline_channel, unit, 6);
AT(tapeline_channel, name, 8);
AT(tapeline_channel, venue, 40);
AT(tapeline_channel, protocol, 56);
AT(tapeline_channel, session, 72);
AT(tapeline_channel, epoch, 88);
AT(tapeline_channel, session_length, 92);
AT(tapeline_channel, first, 96);
AT(tapeline_channel, gaps_filled, 216);
AT(tapeline_channel, epochs, 240);

CHECK(sizeof(tapeline_line) == 512);
AT(tapeline_line, channel, 4);
AT(tapeline_line, id, 6);
AT(tapeline_line, name, 8);
AT(tapeline_line, packets, 40);
AT(tapeline_line, dropped_kernel, 128);
AT(tapeline_line, dropped_interface, 136);
AT(tapeline_line, dropped_driver, 144);
AT(tapeline_line, dropped_ring, 152);
AT(tapeline_line, skew, 160);
AT(tapeline_line, filtered, 416);

CHECK(sizeof(tapeline_counter) == 64);
AT(tapeline_counter, name, 8);

CHECK(sizeof(tapeline_instrument) == 128);
AT(tapeline_instrument, id, 4);
AT(tapeline_instrument, symbol, 8);
AT(tapeline_instrument, venue, 40);
AT(tapeline_instrument, code, 56);
AT(tapeline_instrument, tick_size, 64);
AT(tapeline_instrument, lot_size, 72);
AT(tapeline_instrument, channel, 80);
AT(tapeline_instrument, kind, 82);
AT(tapeline_instrument, currency, 84);
AT(tapeline_instrument, details_offset, 88);
AT(tapeline_instrument, details_length, 96);

CHECK(sizeof(tapeline_top) == 64);
AT(tapeline_top, flags, 4);
AT(tapeline_top, position, 8);
AT(tapeline_top, bid_price, 16);
AT(tapeline_top, bid_quantity, 24);
AT(tapeline_top, ask_price, 32);
AT(tapeline_top, ask_quantity, 40);
AT(tapeline_top, bid_orders, 48);
AT(tapeline_top, ask_orders, 52);
AT(tapeline_top, exchange_time, 56);

/* Uses everything that the reader offers, so that its warnings show. */
int main(int argc, char **argv) {
    tapeline_instrument instrument;
    tapeline_reader reader;
    const tapeline_tick *ticks = NULL;
    tapeline_tick copy[4];
    tapeline_top top;
    int64_t count;
    if (argc < 2) return 2;
    if (tapeline_reader_open(&reader, argv[1], TAPELINE_FROM_OLDEST) != 0) return 1;
    count = tapeline_reader_poll(&reader, &ticks, 4);
    if (count > 0 && !tapeline_reader_still_valid(&reader)) count = 0;
    count += tapeline_reader_copy(&reader, copy, 4);
    if (tapeline_reader_top(&reader, 1, &top) == 0) count++;
    if (tapeline_reader_instrument(&reader, 1, &instrument) == 0) count++;
    tapeline_reader_close(&reader);
    return count > 0 ? 0 : 3;
}
