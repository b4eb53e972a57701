#include "store/sqlite/tally.h"

#include "base/err.h"
#include "store/sqlite/query.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 64, FIRST_CHANGES = 32 };

void hy_tally_init(struct hy_tally *t)
{
    *t = (struct hy_tally){0};
    hy_arena_init(&t->texts);
}

void hy_tally_deinit(struct hy_tally *t)
{
    hy_arena_deinit(&t->texts);
    free(t->changes);
    free(t->slots);
}

static uint64_t hash(const struct hy_tally_change *c)
{
    uint64_t h = (uint64_t)c->app_no * 31 + (uint64_t)c->at * 0x9e3779b97f4a7c15u + c->table;

    for (const char *p = c->template_id; p && *p; p++)
        h = (h ^ (unsigned char)*p) * 0x100000001b3u;
    return h ^ h >> 32;
}

static bool same(const struct hy_tally_change *a, const struct hy_tally_change *b)
{
    return a->table == b->table && a->app_no == b->app_no && a->at == b->at &&
           (!a->template_id || strcmp(a->template_id, b->template_id) == 0);
}

/* The slot of a change, or the free one where it belongs; there always is a free one. */
static size_t slot_of(const struct hy_tally *t, const struct hy_tally_change *c)
{
    size_t at = (size_t)hash(c) & (t->slot_count - 1);

    while (t->slots[at] != 0 && !same(&t->changes[t->slots[at] - 1], c))
        at = (at + 1) & (t->slot_count - 1);
    return at;
}

static int grow_slots(struct hy_tally *t)
{
    size_t count = t->slot_count ? t->slot_count * 2 : FIRST_SLOTS;
    uint32_t *slots = (uint32_t *)calloc(count, sizeof *slots);

    if (!slots)
        return HY_E_NOMEM;
    free(t->slots);
    t->slots = slots;
    t->slot_count = count;
    for (size_t i = 0; i < t->count; i++) {
        t->changes[i].slot = slot_of(t, &t->changes[i]);
        t->slots[t->changes[i].slot] = (uint32_t)i + 1;
    }
    return 0;
}

static int grow_changes(struct hy_tally *t)
{
    size_t capacity = t->capacity ? t->capacity * 2 : FIRST_CHANGES;
    struct hy_tally_change *larger =
        (struct hy_tally_change *)realloc(t->changes, capacity * sizeof *larger);

    if (!larger)
        return HY_E_NOMEM;
    t->changes = larger;
    t->capacity = capacity;
    return 0;
}

static int append(struct hy_tally *t, const struct hy_tally_change *change, size_t slot)
{
    struct hy_tally_change *c;

    if (t->count == t->capacity && grow_changes(t) < 0)
        return HY_E_NOMEM;
    c = &t->changes[t->count];
    *c = *change;
    c->slot = slot;
    if (change->template_id)
        c->template_id = hy_arena_strdup(&t->texts, change->template_id);
    if (change->template_id && !c->template_id)
        return HY_E_NOMEM;
    t->slots[slot] = (uint32_t)++t->count;
    return 0;
}

static int add(struct hy_tally *t, const struct hy_tally_change *change)
{
    struct hy_tally_change *c;
    size_t slot;

    if (2 * t->count >= t->slot_count && grow_slots(t) < 0)
        return HY_E_NOMEM;
    slot = slot_of(t, change);
    if (t->slots[slot] == 0)
        return append(t, change, slot);
    c = &t->changes[t->slots[slot] - 1];
    c->users += change->users;
    c->number += change->number;
    return 0;
}

int hy_tally_add(struct hy_sqlite *s, int64_t app_no, int state, int64_t change)
{
    struct hy_tally_change c = {HY_TALLY_STATES, app_no, state, NULL, 0, change, 0};

    return change == 0 ? 0 : add(&s->tally, &c);
}

int hy_tally_broadcast(struct hy_sqlite *s, int64_t broadcast_id, enum hy_message_state state,
                       int64_t change)
{
    struct hy_tally_change c = {HY_TALLY_BROADCASTS, broadcast_id, state, NULL, 0, change, 0};

    return add(&s->tally, &c);
}

int hy_tally_receipts(struct hy_sqlite *s, int64_t app_no, int64_t minute, int64_t users,
                      int64_t uses)
{
    struct hy_tally_change c = {HY_TALLY_RECEIPTS, app_no, minute, NULL, users, uses, 0};

    return users == 0 && uses == 0 ? 0 : add(&s->tally, &c);
}

int hy_tally_counters(struct hy_sqlite *s, int64_t app_no, const char *template_id, int64_t users,
                      int64_t uses)
{
    struct hy_tally_change c = {HY_TALLY_COUNTERS, app_no, 0, template_id, users, uses, 0};

    return add(&s->tally, &c);
}

static int write_change(struct hy_sqlite *s, const struct hy_tally_change *c)
{
    static const enum hy_sql statements[] = {[HY_TALLY_STATES] = SQL_TALLY_ADD,
                                             [HY_TALLY_RECEIPTS] = SQL_REACH_RECEIPT_ADD,
                                             [HY_TALLY_COUNTERS] = SQL_REACH_COUNTER_ADD,
                                             [HY_TALLY_BROADCASTS] = SQL_BROADCAST_TALLY_ADD};
    struct hy_query q;

    if (c->users == 0 && c->number == 0 && c->table != HY_TALLY_COUNTERS)
        return 0;
    hy_query_open(s, statements[c->table], &q);
    hy_put_int(&q, c->app_no);
    if (c->template_id)
        hy_put_text(&q, c->template_id);
    else
        hy_put_int(&q, c->at);
    hy_put_int(&q, c->number);
    if (c->table == HY_TALLY_RECEIPTS || c->table == HY_TALLY_COUNTERS)
        hy_put_int(&q, c->users);
    return hy_query_run(&q);
}

int hy_tally_write(struct hy_sqlite *s)
{
    int r = 0;

    for (size_t i = 0; i < s->tally.count && r == 0; i++)
        r = write_change(s, &s->tally.changes[i]);
    if (r == 0)
        hy_tally_forget(s);
    return r;
}

void hy_tally_forget(struct hy_sqlite *s)
{
    struct hy_tally *t = &s->tally;

    for (size_t i = 0; i < t->count; i++)
        t->slots[t->changes[i].slot] = 0;
    t->count = 0;
    hy_arena_reset(&t->texts);
}
