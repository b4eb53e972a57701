/*
 * What a transaction changed that others keep in memory, told with its commit.
 *
 * Two channels: CHANNEL for all, payload "SENDER NEWS APP"; CHANNEL_nodeN for one node, payload
 * "SENDER NEWS ID AT_MS". A notification is sent by PostgreSQL when the transaction is committed, and may be
 * lost; the table `change` isn't.
 */
#include "store/postgres/news.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DUES_MAX = 256 };

struct due {
    enum hy_hold_kind kind;
    int64_t id;
    int64_t at_ms;
};

struct hy_pg_news {
    unsigned kinds;              /* a bit each */
    int64_t apps[HY_NEWS_KINDS]; /* 0: of several, or of none */
    struct due dues[DUES_MAX];
    size_t due_count;
};

struct hy_pg_news *hy_pg_news_new(void)
{
    return (struct hy_pg_news *)calloc(1, sizeof(struct hy_pg_news));
}

void hy_pg_news_free(struct hy_pg_news *news)
{
    free(news);
}

void hy_pg_news_clear(struct hy_pg *pg)
{
    pg->news->kinds = 0;
    pg->news->due_count = 0;
}

/* --- collecting ----------------------------------------------------------------------------------- */

static int by_kind_and_id(const void *a, const void *b)
{
    const struct hy_hold *ha = (const struct hy_hold *)a;
    const struct hy_hold *hb = (const struct hy_hold *)b;

    if (ha->kind != hb->kind)
        return ha->kind < hb->kind ? -1 : 1;
    return ha->id < hb->id ? -1 : ha->id > hb->id;
}

static bool is_own(const struct hy_pg *pg, enum hy_hold_kind kind, int64_t id)
{
    const struct hy_hold wanted = {.kind = kind, .id = id};

    return pg->own_count > 0 &&
           bsearch(&wanted, pg->own, pg->own_count, sizeof wanted, by_kind_and_id);
}

/* What we hold stays ours until our own next beat, or we are fenced. More dues than there is room for: the
 * holders find them when they look by themselves. */
static void note_due(struct hy_pg *pg, enum hy_hold_kind kind, int64_t id, int64_t at_ms)
{
    struct hy_pg_news *news = pg->news;

    if (is_own(pg, kind, id))
        return;
    for (size_t i = 0; i < news->due_count; i++) {
        struct due *due = &news->dues[i];

        if (due->kind != kind || due->id != id)
            continue;
        if (at_ms < due->at_ms)
            due->at_ms = at_ms;
        return;
    }
    if (news->due_count < DUES_MAX)
        news->dues[news->due_count++] = (struct due){kind, id, at_ms};
}

void hy_pg_tell_due(struct hy_pg *pg, int64_t app_no, int64_t due_ms)
{
    note_due(pg, HY_HOLD_APP, app_no, due_ms);
}

void hy_pg_tell_news(struct hy_pg *pg, enum hy_news kind, int64_t id)
{
    struct hy_pg_news *news = pg->news;

    if (kind == HY_NEWS_DUE || kind == HY_NEWS_OUTCOMES) {
        note_due(pg, kind == HY_NEWS_DUE ? HY_HOLD_APP : HY_HOLD_WEBHOOK, id, 0);
        return;
    }
    news->apps[kind] = news->kinds >> kind & 1 && news->apps[kind] != id ? 0 : id;
    news->kinds |= 1U << kind;
}

/* --- with the commit ------------------------------------------------------------------------------ */

/* Locked in one order by everybody, and last of all. */
static void queue_counts(struct hy_pg *pg)
{
    static const struct hy_pg_sql sql = {
        "news_count", "INSERT INTO change (news, count) SELECT n, 1 FROM unnest($1::int8[]) AS t "
                      "(n) ORDER BY n ON CONFLICT (news) DO UPDATE SET count = change.count + 1"};
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_columns_begin(args, "i");
    for (int kind = 0; kind < HY_NEWS_KINDS; kind++)
        if (pg->news->kinds >> kind & 1)
            hy_pg_put_int(args, kind);
    hy_pg_columns_end(args);
    hy_pg_queue(pg->link, &sql, NULL, NULL);
}

static void queue_notices(struct hy_pg *pg)
{
    static const struct hy_pg_sql sql = {
        "news_tell", "SELECT pg_notify($1, p) FROM unnest($2::text[]) AS t (p)"};
    struct hy_pg_args *args = hy_pg_args(pg->link);
    char payload[HY_PG_PAYLOAD_BYTES];

    hy_pg_put_text(args, HY_PG_CHANNEL);
    hy_pg_columns_begin(args, "t");
    for (int kind = 0; kind < HY_NEWS_KINDS; kind++) {
        if (!(pg->news->kinds >> kind & 1))
            continue;
        snprintf(payload, sizeof payload, "%s %d %" PRId64, hy_pg_watch_sender(pg->watch), kind,
                 pg->news->apps[kind]);
        hy_pg_put_text(args, payload);
    }
    hy_pg_columns_end(args);
    hy_pg_queue(pg->link, &sql, NULL, NULL);
}

static void queue_dues(struct hy_pg *pg)
{
    static const struct hy_pg_sql sql = {
        "news_due",
        "SELECT pg_notify($1 || '_node' || h.node, $2 || ' ' || CASE t.kind WHEN 0 THEN $3 ELSE $4 "
        "END || ' ' || t.id || ' ' || t.at_ms) FROM unnest($5::int8[], $6::int8[], $7::int8[]) AS "
        "t (kind, id, at_ms) JOIN hold h ON h.kind = t.kind AND h.id = t.id WHERE h.node <> $8"};
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_put_text(args, HY_PG_CHANNEL);
    hy_pg_put_text(args, hy_pg_watch_sender(pg->watch));
    hy_pg_put_int(args, HY_NEWS_DUE);
    hy_pg_put_int(args, HY_NEWS_OUTCOMES);
    hy_pg_columns_begin(args, "iii");
    for (size_t i = 0; i < pg->news->due_count; i++) {
        const struct due *due = &pg->news->dues[i];

        hy_pg_put_int(args, due->kind);
        hy_pg_put_int(args, due->id);
        hy_pg_put_int(args, due->at_ms);
    }
    hy_pg_columns_end(args);
    hy_pg_put_int(args, pg->node);
    hy_pg_queue(pg->link, &sql, NULL, NULL);
}

void hy_pg_news_flush(struct hy_pg *pg)
{
    if (pg->news->due_count > 0)
        queue_dues(pg);
    if (!pg->news->kinds)
        return;
    /* Also when we know of no other node: one may have joined since our last beat, and whoever adds an app
     * here may use it there at once. */
    queue_notices(pg);
    queue_counts(pg);
}
