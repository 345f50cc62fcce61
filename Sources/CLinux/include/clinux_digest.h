/* Per-message digests over a whole packet, to notice different bytes under one sequence. */
#ifndef CLINUX_DIGEST_H
#define CLINUX_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* `table` remembers the digests of the newest `mask + 1` sequences (a power of two): the low 32
 * bits of the sequence above 32 bits of digest, never 0.
 *
 * Walks `count` message blocks (16-bit length, big-endian if `big_endian`) that lie whole in
 * `blocks`, the first with sequence `first`. A message that the table knows is compared, one that
 * is newer is remembered if `remember` is set. Returns how many differ; `*known` is how many could
 * be compared, `*first_difference` the sequence of the first that differs. */
size_t clinux_digest_blocks(const uint8_t *blocks, size_t count, int big_endian, uint64_t first,
                            uint64_t *table, uint64_t mask, int remember, size_t *known,
                            uint64_t *first_difference);

#endif
