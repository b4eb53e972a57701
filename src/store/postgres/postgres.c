#include "store/postgres/postgres.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/postgres/desk_wants.h"
#include "store/postgres/fence.h"
#include "store/postgres/fold.h"
#include "store/postgres/migrate.h"
#include "store/postgres/news.h"
#include "store/postgres/partition.h"
#include "store/postgres/unfinished.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONTRACT_EVERY_US = 5000000 };

/* So long no older node may have been seen. When the database was away for longer than a lease, all nodes are late,
 * and whoever comes back first sees nobody; the others come within some seconds. */
#ifndef HY_PG_CONTRACT_QUIET_S
#define HY_PG_CONTRACT_QUIET_S 30
#endif

/* --- opening ---------------------------------------------------------------------------------- */

static struct hy_pg *pg_new(void)
{
    struct hy_pg *pg = (struct hy_pg *)calloc(1, sizeof *pg);

    if (!pg)
        return NULL;
    hy_arena_init(&pg->scratch);
    pg->webhook_changes = pg->endpoints.changes = HY_PG_CHANGES_UNKNOWN;
    return pg;
}

static void pg_free(struct hy_pg *pg)
{
    if (!pg)
        return;
    hy_pg_watch_free(pg->watch);
    pg_free(pg->reader);
    hy_desk_close(pg);
    hy_pg_news_free(pg->news);
    free(pg->own);
    free(pg->next_own);
    hy_pg_link_close(pg->link);
    hy_arena_deinit(&pg->scratch);
    free(pg->url);
    free(pg);
}

static void close_backend(struct hy_backend *backend)
{
    pg_free(hy_pg(backend));
}

/* The prefix is a part of it. */
static char *url_of(const char *path)
{
    size_t size = strlen(hy_backend_postgres.prefix) + strlen(path) + 1;
    char *url = (char *)malloc(size);

    if (url)
        snprintf(url, size, "%s%s", hy_backend_postgres.prefix, path);
    return url;
}

static int open_all(struct hy_pg *pg, const char *path, char *ret_explain, size_t explain_size)
{
    int r;

    pg->url = url_of(path);
    pg->news = hy_pg_news_new();
    pg->watch = pg->url ? hy_pg_watch_new(pg->url) : NULL;
    if (!pg->news || !pg->watch || hy_desk_open(pg) < 0)
        return HY_E_NOMEM;
    r = hy_pg_link_open(pg->url, HY_PG_WRITER_NAME, &pg->link, ret_explain, explain_size);
    if (r == 0)
        r = hy_pg_migrate(pg->link, hy_pg_steps, &pg->put_off, ret_explain, explain_size);
    if (r == 0)
        r = hy_pg_refuse_unfinished(pg->link, ret_explain, explain_size);
    pg->put_off_at_us = pg->older_seen_us = hy_clock_mono_us();
    return r;
}

static int open_backend(const char *path, struct hy_backend **ret_backend, char *ret_explain,
                        size_t explain_size)
{
    struct hy_pg *pg = pg_new();
    int r = pg ? open_all(pg, path, ret_explain, explain_size) : HY_E_NOMEM;

    if (r < 0) {
        pg_free(pg);
        return r;
    }
    *ret_backend = &pg->desk;
    return 0;
}

static int open_reader(struct hy_backend *backend, struct hy_backend **ret_reader)
{
    struct hy_pg *writer = hy_pg(backend), *pg = pg_new();
    char unheard[1];
    int r = pg ? hy_pg_link_open(writer->url, "hongyan reader", &pg->link, unheard, sizeof unheard)
               : HY_E_NOMEM;

    if (r < 0) {
        pg_free(pg);
        return r;
    }
    writer->reader = pg;
    pg->writer = writer;
    *ret_reader = &pg->desk;
    return 0;
}

/* --- transactions ----------------------------------------------------------------------------- */

static int begin_any(struct hy_pg *pg)
{
    static const struct hy_pg_sql sql = {"begin", "BEGIN"};
    int r = hy_pg_settle_doubt(pg);

    if (r == 0)
        r = hy_pg_link_mend(pg->link);
    if (r < 0)
        return r;
    hy_arena_reset(&pg->scratch);
    pg->forgetting = NULL;
    hy_pg_args(pg->link);
    hy_pg_queue(pg->link, &sql, NULL, NULL);
    return 0;
}

static int begin(struct hy_backend *backend)
{
    struct hy_pg *pg = hy_pg(backend);
    int r = pg->left ? HY_E_FENCED : begin_any(pg);

    if (r == 0)
        hy_pg_fence(pg);
    return r;
}

static int begin_unfenced(struct hy_backend *backend)
{
    int r = begin_any(hy_pg(backend));

    if (r == 0)
        hy_pg_unfenced(hy_pg(backend));
    hy_desk_forget_ahead(hy_pg(backend)); /* a beat waits for nobody */
    return r;
}

/* What the transaction left behind. */
static void tidy_up(struct hy_pg *pg, bool committed)
{
    hy_pg_became(pg, committed);
    hy_pg_news_clear(pg);
    hy_desk_clear(pg);
}

static void rollback(struct hy_backend *backend)
{
    hy_pg_undo(hy_pg(backend)->link);
    tidy_up(hy_pg(backend), false);
}

/* The flush, what is told to others, and the COMMIT travel together. */
static int commit(struct hy_backend *backend)
{
    static const struct hy_pg_sql sql = {"commit", "COMMIT"};
    struct hy_pg *pg = hy_pg(backend);
    bool sent = hy_pg_link_good(pg->link);
    int r;

    hy_desk_flush(pg);
    hy_pg_purge_flush(pg);
    hy_pg_news_flush(pg);
    hy_pg_args(pg->link);
    hy_pg_queue(pg->link, &sql, NULL, NULL);
    r = hy_pg_drain(pg->link);
    if (r < 0 && sent && !hy_pg_link_good(pg->link))
        r = hy_pg_fate(pg);
    if (r < 0)
        rollback(backend);
    else
        tidy_up(pg, true);
    if (r == 0)
        hy_desk_forget_ahead(pg);
    return r;
}

/* --- others ----------------------------------------------------------------------------------- */

/* Contract steps that waited for older nodes. */
static void contract(struct hy_pg *pg)
{
    int64_t older = 0, now_us = hy_clock_mono_us();

    if (!pg->put_off || now_us - pg->put_off_at_us < CONTRACT_EVERY_US)
        return;
    pg->put_off_at_us = now_us;
    if (hy_pg_migrate_older(pg->link, hy_pg_steps, &older) < 0 || older > 0)
        pg->older_seen_us = now_us;
    if (now_us - pg->older_seen_us < HY_PG_CONTRACT_QUIET_S * INT64_C(1000000))
        return;
    if (hy_pg_migrate_contract(pg->link, hy_pg_steps, pg->put_off_turn++, &pg->put_off) < 0)
        pg->put_off = true;
}

/* Also partitions of weeks to come; counts of nodes that are gone. */
static void idle(struct hy_backend *backend)
{
    struct hy_pg *pg = hy_pg(backend);

    hy_pg_weeks_keep(pg);
    hy_pg_fold_keep(pg);
    contract(pg);
}

/* Whoever looks what became of a commit must not look before that is settled. */
static int before_reads(struct hy_backend *backend)
{
    const struct hy_pg *pg = hy_pg(backend);

    return pg->writer && atomic_load(&pg->writer->doubt) ? HY_E_IO : 0;
}

static void watch(struct hy_backend *backend, hy_store_news *tell, void *arg)
{
    hy_pg_watch_tell(hy_pg(backend)->watch, tell, arg);
}

/* The writer's thread may be waiting for an answer, and the reader's. */
static void end_by(struct hy_backend *backend, int64_t at_us)
{
    const struct hy_pg *pg = hy_pg(backend);

    hy_pg_link_end_by(pg->link, at_us);
    if (pg->reader)
        hy_pg_link_end_by(pg->reader->link, at_us);
}

static int backup(const char *path, const char *to, char *ret_explain, size_t explain_size)
{
    snprintf(ret_explain, explain_size,
             "a store in PostgreSQL is copied by PostgreSQL's own means, while it is used: pg_dump "
             "--format=custom --file=%s DATABASE; pg_restore brings it back",
             to);
    return HY_E_INVALID;
}

/* --- the table -------------------------------------------------------------------------------- */

const struct hy_backend_ops hy_backend_postgres = {
    .name = "postgresql",
    .prefix = "postgresql:",
    .open = open_backend,
    .close = close_backend,
    .open_reader = open_reader,
    .begin = begin,
    .begin_unfenced = begin_unfenced,
    .gather = hy_desk_gather,
    .commit = commit,
    .rollback = rollback,
    .idle = idle,
    .audit = hy_pg_audit,
    .before_reads = before_reads,
    .watch = watch,
    .end_by = end_by,
    .backup = backup,
    .verbs =
        {
            [HY_VERB_ADMIT] = hy_pg_admit,
            [HY_VERB_CLAIM] = hy_pg_claim,
            [HY_VERB_SETTLE] = hy_pg_settle,
            [HY_VERB_CANCEL] = hy_pg_cancel,
            [HY_VERB_RECOVER] = hy_pg_recover,
            [HY_VERB_SWEEP] = hy_pg_sweep,
            [HY_VERB_DEPOSIT] = hy_pg_deposit,
            [HY_VERB_PURGE] = hy_pg_purge,
            [HY_VERB_TIDY] = hy_pg_tidy,
            [HY_VERB_HEAR] = hy_pg_hear,
            [HY_VERB_TEMPLATES_PUT] = hy_pg_templates_put,
            [HY_VERB_TEMPLATE_DELETE] = hy_pg_template_delete,
            [HY_VERB_SESSION_CUT] = hy_pg_session_cut,
            [HY_VERB_APP_PUT] = hy_pg_app_put,
            [HY_VERB_APP_DELETE] = hy_pg_app_delete,
            [HY_VERB_KEY_PUT] = hy_pg_key_put,
            [HY_VERB_KEY_REVOKE] = hy_pg_key_revoke,
            [HY_VERB_META_PUT] = hy_pg_meta_put,
            [HY_VERB_TOKEN_BEGIN] = hy_pg_token_begin,
            [HY_VERB_TOKEN_END] = hy_pg_token_end,
            [HY_VERB_SCHEDULE_PUT] = hy_pg_schedule_put,
            [HY_VERB_SCHEDULE_DELETE] = hy_pg_schedule_delete,
            [HY_VERB_SCHEDULE_FIRE] = hy_pg_schedule_fire,
            [HY_VERB_SCHEDULE_RESULT] = hy_pg_schedule_result,
            [HY_VERB_RETRY] = hy_pg_retry,
            [HY_VERB_DEAD_RETRY] = hy_pg_dead_retry,
            [HY_VERB_REWIND] = hy_pg_rewind,
            [HY_VERB_AUDIENCE_ADD] = hy_pg_audience_add,
            [HY_VERB_AUDIENCE_COLLECT] = hy_pg_audience_collect,
            [HY_VERB_BROADCAST_PUT] = hy_pg_broadcast_put,
            [HY_VERB_BROADCAST_CHANGE] = hy_pg_broadcast_change,
            [HY_VERB_BROADCAST_MOVE] = hy_pg_broadcast_move,
            [HY_VERB_BROADCAST_FEED] = hy_pg_broadcast_feed,
            [HY_VERB_BROADCAST_WIND_UP] = hy_pg_broadcast_wind_up,
            [HY_VERB_WEBHOOK_PUT] = hy_pg_webhook_put,
            [HY_VERB_WEBHOOK_DELETE] = hy_pg_webhook_delete,
            [HY_VERB_OUTBOX_HURRY] = hy_pg_outbox_hurry,
            [HY_VERB_OUTBOX_PUT] = hy_pg_outbox_put,
            [HY_VERB_OUTBOX_CLAIM] = hy_pg_outbox_claim,
            [HY_VERB_OUTBOX_SETTLE] = hy_pg_outbox_settle,
            [HY_VERB_RETAIN] = hy_pg_retain,
            [HY_VERB_VACUUM] = hy_pg_vacuum,
            [HY_VERB_PAUSE_PUT] = hy_pg_pause_put,
            [HY_VERB_NODE_BEAT] = hy_pg_node_beat,
            [HY_VERB_NODE_LEAVE] = hy_pg_node_leave,
            [HY_VERB_MESSAGE_GET] = hy_pg_message_get,
            [HY_VERB_MESSAGE_LIST] = hy_pg_message_list,
            [HY_VERB_GRANT_LIST] = hy_pg_grant_list,
            [HY_VERB_REACH] = hy_pg_reach,
            [HY_VERB_PROSPECTS] = hy_pg_prospects,
            [HY_VERB_EVENTS] = hy_pg_events,
            [HY_VERB_TIMELINE] = hy_pg_timeline,
            [HY_VERB_TEMPLATES] = hy_pg_templates,
            [HY_VERB_SESSION_CUTS] = hy_pg_session_cuts,
            [HY_VERB_APPS] = hy_pg_apps,
            [HY_VERB_KEYS] = hy_pg_keys,
            [HY_VERB_META_GET] = hy_pg_meta_get,
            [HY_VERB_TOKENS] = hy_pg_tokens,
            [HY_VERB_SCHEDULES] = hy_pg_schedules,
            [HY_VERB_COUNTS] = hy_pg_counts,
            [HY_VERB_DEAD_GROUPS] = hy_pg_dead_groups,
            [HY_VERB_AUDIENCE_LOOK] = hy_pg_audience_look,
            [HY_VERB_BROADCASTS] = hy_pg_broadcasts,
            [HY_VERB_WEBHOOKS] = hy_pg_webhooks,
            [HY_VERB_PAUSES] = hy_pg_pauses,
            [HY_VERB_AUDITS] = hy_pg_audits,
            [HY_VERB_CHECK] = hy_pg_check,
            [HY_VERB_NODES] = hy_pg_nodes,
            [HY_VERB_CHANGES] = hy_pg_changes,
        },
};
