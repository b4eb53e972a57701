/* Lanes that are paused, and who did what. */
#include "store/housekeeping.h"

#include "store/postgres/ask.h"
#include "store/postgres/postgres.h"

#include <stdio.h>

/* --- pauses ----------------------------------------------------------------------------------- */

static const struct hy_pg_sql pause_put = {
    "pause_put",
    "INSERT INTO pause (app_no, channel, until_ms, since_ms, probe, reason) "
    "VALUES ($1, $2, $3, $4, $5::bigint <> 0, $6) ON CONFLICT (app_no, channel) DO UPDATE SET "
    "until_ms = excluded.until_ms, since_ms = excluded.since_ms, probe = excluded.probe, "
    "reason = excluded.reason"};
static const struct hy_pg_sql pause_delete = {
    "pause_delete", "DELETE FROM pause WHERE app_no = $1 AND channel = $2"};
static const struct hy_pg_sql pauses = {"pauses",
                                        "SELECT app_no, channel, until_ms, since_ms, probe, reason "
                                        "FROM pause ORDER BY app_no, channel"};

int hy_pg_pause_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    const struct hy_pause *p = &((const struct hy_pause_put *)op)->pause;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    bool open = p->until_ms == 0;
    int r;

    hy_pg_put_int(args, p->app_no);
    hy_pg_put_int(args, p->channel);
    if (!open) {
        hy_pg_put_int(args, p->until_ms);
        hy_pg_put_int(args, p->since_ms);
        hy_pg_put_int(args, p->probe);
        hy_pg_put_text(args, p->reason);
    }
    r = hy_pg_run(pg->link, open ? &pause_delete : &pause_put, NULL);
    if (r == 0)
        hy_pg_tell_news(pg, HY_NEWS_PAUSES, p->app_no);
    return r;
}

static void read_pause(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item)
{
    *(struct hy_pause *)item = (struct hy_pause){.app_no = hy_pg_int(rows, 0),
                                                 .channel = (enum hy_channel)hy_pg_int(rows, 1),
                                                 .until_ms = hy_pg_int(rows, 2),
                                                 .since_ms = hy_pg_int(rows, 3),
                                                 .probe = hy_pg_int(rows, 4) != 0,
                                                 .reason = hy_pg_copy(rows, 5, arena)};
}

int hy_pg_pauses(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pauses *v = (struct hy_pauses *)op;

    hy_pg_args(hy_pg(backend)->link);
    return hy_pg_list(hy_pg(backend)->link, &pauses, v->arena, read_pause, sizeof *v->pauses,
                      &v->pauses, &v->count);
}

/* --- audit ------------------------------------------------------------------------------------ */

static const struct hy_pg_sql audit_add = {
    "audit_add", "INSERT INTO audit (at_ms, key_id, who, address, action, subject, detail) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7)"};
static const struct hy_pg_sql audits = {
    "audits", "SELECT id, at_ms, key_id, who, address, action, subject, detail FROM audit "
              "WHERE id < $1 AND ($2::text IS NULL OR starts_with(action, $2)) AND "
              "($3::text IS NULL OR subject = $3) ORDER BY id DESC LIMIT $4"};

/* It goes with the next round trip, at the latest that of the commit. */
int hy_pg_audit(struct hy_backend *backend, const struct hy_audit *a)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_pg_args *args = hy_pg_args(pg->link);
    const char *subject = a->subject;
    char made[24];

    if (a->made_id) {
        snprintf(made, sizeof made, "%c%lld", a->letter, (long long)*a->made_id);
        subject = made;
    }
    hy_pg_put_int(args, a->at_ms);
    hy_pg_put_int(args, a->key_id);
    hy_pg_put_text(args, a->who);
    hy_pg_put_text(args, a->address);
    hy_pg_put_text(args, a->action);
    hy_pg_put_text(args, subject);
    hy_pg_put_text(args, a->detail);
    hy_pg_queue(pg->link, &audit_add, NULL, NULL);
    return 0;
}

static void read_audit(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item)
{
    *(struct hy_audit *)item = (struct hy_audit){.id = hy_pg_int(rows, 0),
                                                 .at_ms = hy_pg_int(rows, 1),
                                                 .key_id = hy_pg_int(rows, 2),
                                                 .who = hy_pg_copy(rows, 3, arena),
                                                 .address = hy_pg_copy(rows, 4, arena),
                                                 .action = hy_pg_copy(rows, 5, arena),
                                                 .subject = hy_pg_copy(rows, 6, arena),
                                                 .detail = hy_pg_copy(rows, 7, arena)};
}

int hy_pg_audits(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_audit_list *v = (struct hy_audit_list *)op;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int r;

    hy_pg_put_int(args, v->before_id > 0 ? v->before_id : INT64_MAX);
    hy_pg_put_text(args, v->action);
    hy_pg_put_text(args, v->subject);
    hy_pg_put_int(args, (int64_t)v->limit + 1);
    r = hy_pg_list(pg->link, &audits, v->arena, read_audit, sizeof *v->audits, &v->audits,
                   &v->count);
    v->more = v->count > v->limit;
    v->count -= v->more;
    return r;
}
