/*
 * window.h - how many requests may be under way at once: slow up, fast down, dead judged apart.
 *
 * One window a channel. It begins small and grows while it is in use: by one for each good answer
 * until the first strain, which doubles it each round trip, then by one for each full window of them.
 * It is halved by an answer that says "too much" (a time-out, a 5xx, "system busy") once a round
 * trip, and is never less than 1 or more than the app's max_in_flight.
 *
 * Dead is something else than slow: so many failures in a row, without a good answer between, in
 * which nothing came back at all. Then nothing but one probe is sent, after pauses that double.
 */
#ifndef HY_DOMAIN_WINDOW_H
#define HY_DOMAIN_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum hy_window_note {
    HY_WINDOW_GOOD,   /* a readable answer, whatever it says of the message */
    HY_WINDOW_STRAIN, /* too much for the other side: halve */
    HY_WINDOW_DEAD,   /* nothing came back: refused, no route, no name, no TLS, time-out */
};

struct hy_window {
    double size;           /* whole part: how many */
    int64_t halved_at_ms;  /* what left before that instant halves no more */
    int32_t dead_in_a_row; /* without a good answer */
    int32_t deaths;        /* pauses since the last good answer: how long the next one is */
};

enum { HY_WINDOW_FIRST = 8, HY_WINDOW_DEAD_AFTER = 8 };

void hy_window_init(struct hy_window *w);

/* How many now; `max` is the app's max_in_flight (at least 1). */
int64_t hy_window_size(const struct hy_window *w, int64_t max);

/*
 * An answer to a request that left at `left_at_ms` came at `now_ms`, while `in_flight` were under
 * way (this one counted). Returns for how long to pause everything but one probe; 0 = not at all.
 * The pause is 1 s, doubling to 60 s.
 */
int64_t hy_window_note(struct hy_window *w, enum hy_window_note note, int64_t in_flight,
                       int64_t max, int64_t left_at_ms, int64_t now_ms);

/*
 * The gap between two messages of one user: none, until the platform says that they overlapped
 * (43108). Then 100 ms, doubling to 5 s with each further one, and a tenth less with each hundred
 * good answers.
 */
struct hy_gap {
    int64_t gap_ms;
    int32_t good;
};

void hy_gap_note(struct hy_gap *gap, bool overlapped);

#endif
