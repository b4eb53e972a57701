#include "store/postgres/fence.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/postgres/news.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long whoever waits for the answer of a commit may be kept; a node's lease is not much longer. */
enum { FATE_US = 4000000, BETWEEN_TRIES_MS = 50 };

/* --- the fence -------------------------------------------------------------------------------- */

static int note_changes(struct hy_pg_rows *rows, void *arg)
{
    struct hy_pg *pg = (struct hy_pg *)arg;

    pg->webhook_changes = hy_pg_next(rows) ? hy_pg_int(rows, 0) : HY_PG_CHANGES_UNKNOWN;
    return 0;
}

void hy_pg_unfenced(struct hy_pg *pg)
{
    pg->group++;
    pg->webhook_changes = HY_PG_CHANGES_UNKNOWN;
}

void hy_pg_fence(struct hy_pg *pg)
{
    /* The division fails (HY_E_FENCED in link_error.c) when there is no row: an empty answer would stop
     * nothing of what travels in the same pipeline. */
    static const struct hy_pg_sql sql = {
        "fence", "WITH me AS (UPDATE node SET group_no = $2 WHERE node = $1 AND group_no < $2 "
                 "RETURNING 1) SELECT coalesce(c.count, 0) FROM (SELECT 1 / count(*) AS one FROM "
                 "me) m LEFT JOIN change c ON m.one = 1 AND c.news = $3"};
    struct hy_pg_args *args;

    hy_pg_unfenced(pg);
    if (pg->node == 0)
        return;
    args = hy_pg_args(pg->link);
    hy_pg_put_int(args, pg->node);
    hy_pg_put_int(args, pg->group);
    hy_pg_put_int(args, HY_NEWS_WEBHOOKS);
    hy_pg_queue(pg->link, &sql, note_changes, pg);
}

/* --- becoming another --------------------------------------------------------------------------- */

int hy_pg_become(struct hy_pg *pg, int64_t node, const struct hy_hold *holds, size_t hold_count)
{
    struct hy_hold *copy = (struct hy_hold *)malloc((hold_count + 1) * sizeof *copy);

    if (!copy)
        return HY_E_NOMEM;
    if (hold_count > 0)
        memcpy(copy, holds, hold_count * sizeof *copy);
    free(pg->next_own);
    pg->next_own = copy;
    pg->next_own_count = hold_count;
    pg->next_node = node;
    pg->becomes = true;
    return 0;
}

static void install(struct hy_pg *pg)
{
    pg->left = pg->next_node == 0;
    pg->node = pg->next_node;
    free(pg->own);
    pg->own = pg->next_own;
    pg->own_count = pg->next_own_count;
    pg->next_own = NULL;
    hy_pg_watch_node(pg->watch, pg->node);
}

void hy_pg_became(struct hy_pg *pg, bool committed)
{
    if (pg->becomes && committed) {
        install(pg);
    } else if (pg->becomes) {
        /* Perhaps it was, after all: then others are told more than they have to be. */
        pg->own_count = 0;
    }
    pg->becomes = false;
}

/* --- what became of a commit ---------------------------------------------------------------------- */

enum { ROW_IS_GONE = -1 };

static int note_group(struct hy_pg_rows *rows, void *arg)
{
    *(int64_t *)arg = hy_pg_next(rows) ? hy_pg_int(rows, 0) : ROW_IS_GONE;
    return 0;
}

/* Waits for the old transaction, which has the row. */
static int read_group(struct hy_pg *pg, int64_t node, int64_t *ret_group)
{
    static const struct hy_pg_sql begin = {"fate_begin", "BEGIN"};
    static const struct hy_pg_sql sql = {"fate_read",
                                         "SELECT group_no FROM node WHERE node = $1 FOR UPDATE"};

    hy_pg_args(pg->link);
    hy_pg_queue(pg->link, &begin, NULL, NULL);
    hy_pg_put_int(hy_pg_args(pg->link), node);
    hy_pg_queue(pg->link, &sql, note_group, ret_group);
    return hy_pg_drain(pg->link);
}

/* Nothing of older transactions can be committed from now on. */
static int move_on(struct hy_pg *pg, int64_t node)
{
    static const struct hy_pg_sql sql = {"fate_move",
                                         "UPDATE node SET group_no = $2 WHERE node = $1"};
    static const struct hy_pg_sql commit = {"fate_commit", "COMMIT"};
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_put_int(args, node);
    hy_pg_put_int(args, ++pg->group);
    hy_pg_queue(pg->link, &sql, NULL, NULL);
    hy_pg_args(pg->link);
    hy_pg_queue(pg->link, &commit, NULL, NULL);
    return hy_pg_drain(pg->link);
}

/* 0: `ret_group` is the truth and stays it. */
static int look(struct hy_pg *pg, int64_t node, int64_t *ret_group)
{
    int r;

    hy_pg_undo(pg->link);
    r = hy_pg_link_mend(pg->link);
    if (r == 0)
        r = read_group(pg, node, ret_group);
    /* What a removed node did last is not known any more; it is over. */
    if (r == 0 && *ret_group != ROW_IS_GONE && *ret_group < pg->lost_group)
        r = move_on(pg, node);
    hy_pg_undo(pg->link);
    return r;
}

static void rest(void)
{
    const struct timespec pause = {.tv_nsec = BETWEEN_TRIES_MS * 1000000};

    nanosleep(&pause, NULL);
}

/* Who joins has a row of its own only if that was committed. */
static int64_t who_was_it(const struct hy_pg *pg)
{
    return pg->becomes && pg->next_node != 0 ? pg->next_node : pg->node;
}

int hy_pg_fate(struct hy_pg *pg)
{
    int64_t end_us = hy_clock_mono_us() + FATE_US;
    int64_t node = who_was_it(pg), group = 0;
    int r;

    if (node == 0)
        return HY_E_UNCERTAIN;
    pg->lost_group = pg->group;
    pg->lost_node = node;
    while ((r = look(pg, node, &group)) < 0 && hy_clock_mono_us() < end_us &&
           !hy_pg_link_ended(pg->link))
        rest();
    pg->doubt = r < 0;
    if (r == 0 && group == ROW_IS_GONE && pg->becomes && pg->next_node == 0)
        return 0; /* it left */
    if (r < 0 || group == ROW_IS_GONE)
        return HY_E_UNCERTAIN;
    return group == pg->lost_group ? 0 : HY_E_IO;
}

int hy_pg_settle_doubt(struct hy_pg *pg)
{
    int64_t group;

    if (pg->doubt && look(pg, pg->lost_node, &group) == 0)
        pg->doubt = false;
    return pg->doubt ? HY_E_IO : 0;
}
