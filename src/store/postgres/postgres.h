/*
 * postgres.h - the PostgreSQL backend's own state. Only src/store/postgres includes it (and src/store/transfer,
 * which fills an empty database, some of its small headers).
 *
 *   file          what
 *   postgres.c    open, close, transactions, the table of verbs
 *   link.c        one connection: link.h
 *   migrate.c     the steps of schema/, expand and contract
 *   watch.c       a thread that listens for what other nodes did
 *   fold.c        counts of nodes that are no more
 *   fence.c       who we are: each transaction proves that we still are; what became of a lost commit
 *   desk*.c       the working set of a transaction: desk.h
 *   the verbs     a file a theme, as in the other backends
 *
 * Several processes use one database; nothing is remembered here from one transaction to the next but
 * what PostgreSQL itself confirms in each (fence.c).
 */
#ifndef HY_STORE_POSTGRES_POSTGRES_H
#define HY_STORE_POSTGRES_POSTGRES_H

#include "store/nodes.h"
#include "store/postgres/desk.h"

#include <stdatomic.h>

struct hy_desk;
struct hy_pg_watch;

/* Of numbers in the table `change`. */
enum { HY_PG_CHANGES_UNKNOWN = -1 };

/* The webhooks that are in use, as this node read them last (desk_outcomes.c). */
struct hy_pg_endpoints {
    int64_t changes; /* of HY_NEWS_WEBHOOKS, as of then; or HY_PG_CHANGES_UNKNOWN */
    size_t count;
    struct hy_pg_endpoint {
        int64_t id, app_no;
        uint32_t events;
    } all[HY_WEBHOOKS_MAX];
};

struct hy_pg {
    struct hy_backend desk; /* first: the memory backend's records and rules work on it */
    struct hy_pg_link *link;
    struct hy_arena scratch; /* of the transaction under way */
    struct hy_pg *reader;    /* the writer's only; null in the reader's */
    struct hy_pg *writer;    /* the reader's only */
    struct hy_pg_watch *watch;
    char *url;

    bool put_off; /* contract steps of the schema wait for older nodes to go: migrate.h */
    int64_t put_off_at_us, older_seen_us;
    unsigned put_off_turn;
    int64_t weeks_next_us; /* when partitions are made next: partition.h */
    int64_t fold_next_us;  /* when counts of nodes that are gone are looked for next: fold.h */

    struct hy_desk
        *working; /* what the desk's files keep of this transaction; null in the reader's */

    /* fence.c. 0 before the first beat: then transactions are not fenced. */
    int64_t node;
    int64_t group; /* of the transaction under way; grows */
    bool left;     /* after node_leave, until the next beat */
    bool becomes;  /* the transaction under way makes that of us: hy_pg_become() */
    int64_t next_node;
    size_t next_own_count;
    struct hy_hold *next_own;
    int64_t lost_group, lost_node; /* of the commit that `doubt` is about */
    atomic_bool doubt;             /* it may still be committed; the reader looks, too */
    struct hy_hold *own; /* by kind and id, as of the last beat: nobody is told of those */
    size_t own_count;
    /* Of HY_NEWS_WEBHOOKS, as the fence of this transaction told; HY_PG_CHANGES_UNKNOWN without a fence. */
    int64_t webhook_changes;
    struct hy_pg_endpoints endpoints;

    struct hy_pg_forgetting *forgetting; /* purge.c: deleted when the transaction commits */

    /* Told to other nodes when the transaction commits (news.c). */
    struct hy_pg_news *news;
};

static inline struct hy_pg *hy_pg(struct hy_backend *backend)
{
    return (struct hy_pg *)(void *)backend;
}

/* --- news.c: what this transaction changed that others keep in memory --------------------------- */

/* Counts it in the table `change` and notifies the other nodes with the commit; each once. HY_NEWS_DUE and
 * HY_NEWS_OUTCOMES are not counted: the holder of that app, of that webhook is notified, if that isn't us. */
void hy_pg_tell_news(struct hy_pg *pg, enum hy_news news, int64_t id);
/* Something is due of this app at that instant. */
void hy_pg_tell_due(struct hy_pg *pg, int64_t app_no, int64_t due_ms);

/* Queues what is told, before the COMMIT; and forgets it, after that or a rollback. */
void hy_pg_news_flush(struct hy_pg *pg);
void hy_pg_news_clear(struct hy_pg *pg);
struct hy_pg_news *hy_pg_news_new(void); /* or null */
void hy_pg_news_free(struct hy_pg_news *news);

/* --- the verbs, one file a theme; postgres.c has the table -------------------------------------- */

hy_backend_verb hy_pg_admit, hy_pg_claim, hy_pg_settle, hy_pg_cancel, hy_pg_recover, hy_pg_sweep,
    hy_pg_deposit, hy_pg_purge, hy_pg_tidy, hy_pg_hear, hy_pg_templates_put, hy_pg_template_delete,
    hy_pg_session_cut, hy_pg_app_put, hy_pg_app_delete, hy_pg_key_put, hy_pg_key_revoke,
    hy_pg_meta_put, hy_pg_token_begin, hy_pg_token_end, hy_pg_schedule_put, hy_pg_schedule_delete,
    hy_pg_schedule_fire, hy_pg_schedule_result, hy_pg_retry, hy_pg_dead_retry, hy_pg_rewind,
    hy_pg_audience_add, hy_pg_audience_collect, hy_pg_broadcast_put, hy_pg_broadcast_change,
    hy_pg_broadcast_move, hy_pg_broadcast_feed, hy_pg_broadcast_wind_up, hy_pg_webhook_put,
    hy_pg_webhook_delete, hy_pg_outbox_hurry, hy_pg_outbox_put, hy_pg_outbox_claim,
    hy_pg_outbox_settle, hy_pg_retain, hy_pg_vacuum, hy_pg_pause_put, hy_pg_node_beat,
    hy_pg_node_leave;
hy_backend_verb hy_pg_message_get, hy_pg_message_list, hy_pg_grant_list, hy_pg_reach,
    hy_pg_prospects, hy_pg_events, hy_pg_timeline, hy_pg_templates, hy_pg_session_cuts, hy_pg_apps,
    hy_pg_keys, hy_pg_meta_get, hy_pg_tokens, hy_pg_schedules, hy_pg_counts, hy_pg_dead_groups,
    hy_pg_audience_look, hy_pg_broadcasts, hy_pg_webhooks, hy_pg_pauses, hy_pg_audits, hy_pg_check,
    hy_pg_nodes, hy_pg_changes;

/* Queues what a verb that takes the desk needs, so that a whole group is fetched at once; null in the
 * table (desk_gather.c) for the others. */
typedef void hy_pg_want(struct hy_pg *pg, const struct hy_op *op);
hy_pg_want hy_pg_want_admit, hy_pg_want_settle, hy_pg_want_cancel, hy_pg_want_retry,
    hy_pg_want_deposit, hy_pg_want_hear, hy_pg_want_schedule_fire;

/* Queues what purges left for the end: after the desk's flush, before news. */
void hy_pg_purge_flush(struct hy_pg *pg);

int hy_pg_audit(struct hy_backend *backend, const struct hy_audit *audit);

/* For verbs that are SQL and need rows of messages or grants: the columns, and how they are read (texts
 * in the arena). row.c */
#define HY_PG_MESSAGE_COLUMNS                                                                      \
    "id, app_no, \"user\", template_id, data, page, emphasis, miniprogram_state, lang, tag, "      \
    "extra, "                                                                                      \
    "template_kind, urgent, broadcast_id, state, reason, policy, on_missing, accepted_at_ms, "     \
    "send_at_ms, "                                                                                 \
    "expires_at_ms, due_at_ms, settled_at_ms, grant_id, attempt_count, in_doubt, msgid"
enum { HY_PG_MESSAGE_COLUMN_COUNT = 27 };
void hy_pg_read_message(const struct hy_pg_rows *rows, int first_column, struct hy_arena *arena,
                        struct hy_message *ret_message);
/* Its texts live as long as the rows. */
void hy_pg_peek_message(const struct hy_pg_rows *rows, int first_column,
                        struct hy_message *ret_message);
#define HY_PG_GRANT_COLUMNS                                                                        \
    "id, app_no, \"user\", kind, template_id, credential, state, reason, uses_total, uses_left, "  \
    "uses_reserved, in_doubt, refusals, retry_at_ms, obtained_at_ms, expires_at_ms"
enum { HY_PG_GRANT_COLUMN_COUNT = 16 };
void hy_pg_read_grant(const struct hy_pg_rows *rows, int first_column, struct hy_arena *arena,
                      struct hy_grant *ret_grant);
void hy_pg_peek_grant(const struct hy_pg_rows *rows, int first_column, struct hy_grant *ret_grant);

#endif
