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
size_t clinux_opra_length(const uint8_t *message, size_t rest);

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
