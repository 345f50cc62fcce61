#define _GNU_SOURCE
#include "clinux_time.h"

#include <string.h>
#include <sys/timex.h>

int clinux_clock_synchronised(int64_t *maximum_error) {
    struct timex state;

    memset(&state, 0, sizeof(state));
    if (adjtimex(&state) < 0) return -1;
    *maximum_error = state.maxerror;
    return state.status & STA_UNSYNC ? 0 : 1;
}
