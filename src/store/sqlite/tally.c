#include "store/sqlite/tally.h"

#include "base/err.h"
#include "store/sqlite/query.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 64 };

/* The slot of (app_no, state), or the free one where it belongs; there always is a free one. */
static struct hy_tally_change *slot_of(struct hy_tally_change *slots, size_t count, int64_t app_no,
                                       int state)
{
    size_t at = (size_t)((uint64_t)app_no * 31 + (uint64_t)(state + 1)) & (count - 1);

    while (slots[at].app_no != 0 && (slots[at].app_no != app_no || slots[at].state != state))
        at = (at + 1) & (count - 1);
    return &slots[at];
}

static int grow(struct hy_sqlite *s)
{
    size_t count = s->tally_slots ? s->tally_slots * 2 : FIRST_SLOTS;
    struct hy_tally_change *slots = (struct hy_tally_change *)calloc(count, sizeof *slots);

    if (!slots)
        return HY_E_NOMEM;
    for (size_t i = 0; i < s->tally_slots; i++)
        if (s->tally[i].app_no != 0)
            *slot_of(slots, count, s->tally[i].app_no, s->tally[i].state) = s->tally[i];
    free(s->tally);
    s->tally = slots;
    s->tally_slots = count;
    return 0;
}

int hy_tally_add(struct hy_sqlite *s, int64_t app_no, int state, int64_t change)
{
    struct hy_tally_change *slot;

    if (change == 0)
        return 0;
    if (2 * s->tally_used >= s->tally_slots && grow(s) < 0)
        return HY_E_NOMEM;
    slot = slot_of(s->tally, s->tally_slots, app_no, state);
    if (slot->app_no == 0) {
        s->tally_used++;
        slot->app_no = app_no;
        slot->state = state;
    }
    slot->change += change;
    return 0;
}

int hy_tally_write(struct hy_sqlite *s)
{
    int r = 0;

    for (size_t i = 0; s->tally_used > 0 && i < s->tally_slots && r == 0; i++) {
        const struct hy_tally_change *t = &s->tally[i];
        struct hy_query q;

        if (t->change == 0)
            continue;
        hy_query_open(s, SQL_TALLY_ADD, &q);
        hy_put_int(&q, t->app_no);
        hy_put_int(&q, t->state);
        hy_put_int(&q, t->change);
        r = hy_query_run(&q);
    }
    if (r == 0)
        hy_tally_forget(s);
    return r;
}

void hy_tally_forget(struct hy_sqlite *s)
{
    if (s->tally_used > 0)
        memset(s->tally, 0, s->tally_slots * sizeof *s->tally);
    s->tally_used = 0;
}
