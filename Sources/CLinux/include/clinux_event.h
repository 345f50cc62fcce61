/* Event descriptors: how one thread wakes another one that sleeps in poll(2). */
#ifndef CLINUX_EVENT_H
#define CLINUX_EVENT_H

/* eventfd(2), non-blocking and close-on-exec. Returns the descriptor, or -1 with errno set. */
int clinux_eventfd(void);

#endif
