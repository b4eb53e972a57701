#include "domain/window.h"

enum {
    PAUSE_FIRST_MS = 1000,
    PAUSE_LONGEST_MS = 60000,
    GAP_FIRST_MS = 100,
    GAP_LONGEST_MS = 5000,
    GAP_GOOD = 100
};

void hy_window_init(struct hy_window *w)
{
    *w = (struct hy_window){.size = HY_WINDOW_FIRST};
}

int64_t hy_window_size(const struct hy_window *w, int64_t max)
{
    int64_t size = (int64_t)w->size;

    if (size > max)
        size = max;
    return size < 1 ? 1 : size;
}

/* Only a window that is in use says that more would do as well. Half of it counts as use: answers
 * that come together leave the last of them alone. */
static void grow(struct hy_window *w, int64_t in_flight, int64_t max)
{
    int64_t size = hy_window_size(w, max);

    w->dead_in_a_row = 0;
    w->deaths = 0;
    if (2 * in_flight > size)
        w->size += w->halved_at_ms ? 1.0 / (double)size : 1;
    if (w->size > (double)max)
        w->size = (double)max;
    if (w->size < 1)
        w->size = 1;
}

static void halve(struct hy_window *w, int64_t max, int64_t left_at_ms, int64_t now_ms)
{
    if (left_at_ms <= w->halved_at_ms)
        return;
    w->size = (double)hy_window_size(w, max) / 2;
    if (w->size < 1)
        w->size = 1;
    w->halved_at_ms = now_ms;
}

/* What left before the last pause began tells nothing new: it failed with those that began it. */
static int64_t die(struct hy_window *w, int64_t max, int64_t left_at_ms, int64_t now_ms)
{
    int64_t pause_ms = PAUSE_FIRST_MS;

    if (w->deaths > 0 && left_at_ms <= w->halved_at_ms)
        return 0;
    halve(w, max, left_at_ms, now_ms);
    if (++w->dead_in_a_row < HY_WINDOW_DEAD_AFTER)
        return 0;
    w->dead_in_a_row = HY_WINDOW_DEAD_AFTER; /* the next one is enough */
    for (int32_t i = 0; i < w->deaths && pause_ms < PAUSE_LONGEST_MS; i++)
        pause_ms *= 2;
    w->deaths++;
    w->size = 1;
    w->halved_at_ms = now_ms;
    return pause_ms < PAUSE_LONGEST_MS ? pause_ms : PAUSE_LONGEST_MS;
}

int64_t hy_window_note(struct hy_window *w, enum hy_window_note note, int64_t in_flight,
                       int64_t max, int64_t left_at_ms, int64_t now_ms)
{
    switch (note) {
    case HY_WINDOW_GOOD: grow(w, in_flight, max); break;
    case HY_WINDOW_STRAIN:
        w->dead_in_a_row = 0;
        halve(w, max, left_at_ms, now_ms);
        break;
    case HY_WINDOW_DEAD: return die(w, max, left_at_ms, now_ms);
    }
    return 0;
}

void hy_gap_note(struct hy_gap *gap, bool overlapped)
{
    if (overlapped) {
        gap->gap_ms = gap->gap_ms < GAP_FIRST_MS ? GAP_FIRST_MS : gap->gap_ms * 2;
        if (gap->gap_ms > GAP_LONGEST_MS)
            gap->gap_ms = GAP_LONGEST_MS;
        gap->good = 0;
    } else if (gap->gap_ms > 0 && ++gap->good >= GAP_GOOD) {
        gap->gap_ms = gap->gap_ms * 9 / 10;
        gap->good = 0;
    }
}
