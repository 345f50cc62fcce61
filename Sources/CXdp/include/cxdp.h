/* AF_XDP through libxdp and libbpf: what Swift cannot import. */
#ifndef CXDP_H
#define CXDP_H

#include <stddef.h>
#include <stdint.h>

#endif
