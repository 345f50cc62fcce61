/* Per-message digests over a whole packet, to notice different bytes under one sequence. */
#ifndef CLINUX_DIGEST_H
#define CLINUX_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { CLINUX_PREFIXED = 0, CLINUX_INCLUSIVE = 1, CLINUX_PACKET = 2, CLINUX_OPRA = 3 };

/* How long a message block is: a field of `width` bytes (1, 2, 4) at `offset`. PREFIXED counts the
 * bytes behind itself, which are the message; INCLUSIVE counts the whole message; a PACKET is all
 * that is there; OPRA's messages say it by category and indicator. */
typedef struct {
    uint8_t kind;
    uint8_t offset;
    uint8_t width;
    uint8_t big_endian;
} clinux_framing;

/* Bytes of the OPRA message at `message`, of which `rest` bytes are there: more than `rest` if it
 * does not lie whole in them, 0 if its head does not. An unknown category takes all that is left. */
static inline size_t clinux_opra_length(const uint8_t *message, size_t rest) {
    /* Totals by category and what appendages add: OPRA Pillar 6, others.md 5. Looked up, because
     * branches on either would be mispredicted. */
    static const uint8_t totals[256] = {
        ['a'] = 43, ['d'] = 30, ['f'] = 72, ['H'] = 12, ['R'] = 155, ['Y'] = 27,
        ['k'] = 43, ['q'] = 29,
    };
    static const uint8_t appended[256] = {
        ['C'] = 10, ['G'] = 10, ['K'] = 10, ['M'] = 10, ['N'] = 10, ['P'] = 10, ['O'] = 20,
    };
    static const uint8_t has_appendage[256] = {['k'] = 0xFF, ['q'] = 0xFF};
    if (rest < 12) return 0;
    uint8_t category = message[1];
    if (totals[category]) return totals[category] + (appended[message[3]] & has_appendage[category]);
    if (category != 'C') return rest;
    return rest < 14 ? 14 : 14 + ((size_t)message[12] << 8 | message[13]);
}

/* A hash of all bytes; `bytes` may be null where `length` is 0. */
uint64_t clinux_hash(const uint8_t *bytes, size_t length);

/* `table` remembers the digests of the newest `mask + 1` sequences (a power of two): the low 32
 * bits of the sequence above 32 bits of digest, never 0.
 *
 * Walks `count` message blocks that lie whole in the `size` bytes at `blocks`, the first with
 * sequence `first`. A message that the table knows is compared, one that is newer is remembered if
 * `remember` is set. Returns how many differ; `*known` is how many could be compared,
 * `*first_difference` the sequence of the first that differs. */
size_t clinux_digest_blocks(const uint8_t *blocks, size_t size, size_t count,
                            clinux_framing framing, uint64_t first, uint64_t *table,
                            uint64_t mask, int remember, size_t *known,
                            uint64_t *first_difference);

#endif
