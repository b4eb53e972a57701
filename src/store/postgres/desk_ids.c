/* Ids that sequences give: blocks of them, of which a node hands out one after the other. */
#include "store/postgres/desk_wants.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

static const struct source {
    struct hy_pg_sql sql;
    int64_t block; /* INCREMENT of the sequence */
} sources[HY_MEM_IDS] = {
    [HY_MEM_GRANT_ID] = {{"next_grant_id", "SELECT nextval('grant_id')"}, 1000},
    [HY_MEM_ANSWER_ID] = {{"next_answer_id", "SELECT nextval('answer_id')"}, 1000},
    [HY_MEM_EVENT_ID] = {{"next_event_id", "SELECT nextval('event_id')"}, 1},
};

static int read_id(struct hy_pg_rows *rows, void *arg)
{
    if (!hy_pg_next(rows))
        return HY_E_CORRUPT;
    *(int64_t *)arg = hy_pg_int(rows, 0);
    return 0;
}

/* --- events ----------------------------------------------------------------------------------- */

/* An event that is found to be known needs none: what is left is for the next ones. */
static const struct hy_pg_sql next_event_ids = {
    "next_event_ids", "SELECT nextval('event_id') FROM generate_series(1, $1)"};

static void make_room(struct hy_desk *desk, size_t more)
{
    size_t left = desk->event_count - desk->event_at;

    if (left > 0)
        memmove(desk->event_ids, desk->event_ids + desk->event_at, left * sizeof *desk->event_ids);
    desk->event_at = 0;
    desk->event_count = left;
    if (left + more <= desk->event_capacity)
        return;
    desk->event_capacity = left + more;
    desk->event_ids = (int64_t *)hy_mem_must(
        realloc(desk->event_ids, desk->event_capacity * sizeof *desk->event_ids));
}

static int read_event_ids(struct hy_pg_rows *rows, void *arg)
{
    struct hy_desk *desk = (struct hy_desk *)arg;

    make_room(desk, (size_t)rows->count);
    while (hy_pg_next(rows))
        desk->event_ids[desk->event_count++] = hy_pg_int(rows, 0);
    return 0;
}

void hy_desk_want_event(struct hy_pg *pg)
{
    pg->working->wants.events++;
}

void hy_desk_load_event_ids(struct hy_pg *pg, size_t needed)
{
    size_t left = pg->working->event_count - pg->working->event_at;

    if (needed <= left)
        return;
    hy_pg_put_int(hy_pg_args(pg->link), (int64_t)(needed - left));
    hy_pg_queue(pg->link, &next_event_ids, read_event_ids, pg->working);
}

static bool take_event_id(struct hy_desk *desk, int64_t *ret_id)
{
    if (desk->event_at == desk->event_count)
        return false;
    *ret_id = desk->event_ids[desk->event_at++];
    return true;
}

/* --- the hook --------------------------------------------------------------------------------- */

/* What a node has got and not used is lost when it ends. */
int64_t hy_desk_next_id(struct hy_backend *b, enum hy_mem_id which)
{
    struct hy_pg *pg = hy_pg(b);
    struct hy_desk_block *block = &pg->working->blocks[which];
    int64_t first = 0;
    int err;

    if (which == HY_MEM_OUTCOME_ID)
        return ++b->last_ids[which]; /* they get their own when they are written: desk_outcomes.c */
    if (block->next < block->end)
        return block->next++;
    if (which == HY_MEM_EVENT_ID && take_event_id(pg->working, &first))
        return first;
    hy_pg_args(pg->link);
    hy_pg_queue(pg->link, &sources[which].sql, read_id, &first);
    err = hy_pg_drain(pg->link);
    if (err < 0) {
        hy_desk_fail(pg, err);
        return ++b->last_ids[which]; /* of a transaction that is void */
    }
    *block = (struct hy_desk_block){first + 1, first + sources[which].block};
    return first;
}
