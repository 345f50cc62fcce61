/* CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected, initial and final value all ones; RFC 3720
 * section 12.1) over whole payloads. */
#ifndef CLINUX_CRC32C_H
#define CLINUX_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Extends `crc` (0 to start) by `length` bytes. Uses the processor's instruction where it has one. */
uint32_t clinux_crc32c(uint32_t crc, const void *bytes, size_t length);

/* The table-driven form of the same; what processors without the instruction run. */
uint32_t clinux_crc32c_portable(uint32_t crc, const void *bytes, size_t length);

#endif
