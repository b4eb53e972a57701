#include "base/err.h"
#include "store/messages.h"
#include "store/sqlite/query.h"

/*
 * What must always hold, each as a query that finds what breaks it. It gives one or two ids, which
 * go into the sentence. States: 0 queued, 1 waiting, 2 sending, 3 sent, 4 delivered, 5 failed,
 * 6 unknown, 7 expired, 8 canceled; grants: 0 available, 1 spent, 4 suspect; kinds: 0 and 1 are
 * receipts, 3 is always.
 */
#define MINUTE "iif(expires_at_ms = 0, 1 << 40, expires_at_ms / 60000)"

static const struct {
    const char *sentence; /* %lld: the first id, the second */
    const char *sql;
} rules[] = {
    {"grant %lld has uses that do not add up (0 <= reserved <= left <= total)",
     "SELECT id, 0 FROM \"grant\" WHERE uses_reserved < 0 OR uses_reserved > uses_left OR "
     "uses_left > uses_total"},
    {"grant %lld is spent with uses left, or has none left and is not spent",
     "SELECT id, 0 FROM \"grant\" WHERE (uses_left = 0) <> (state = 1)"},
    {"grant %lld is suspect without an instant at which it is tried again, or not suspect with one",
     "SELECT id, 0 FROM \"grant\" WHERE (state = 4) <> (retry_at_ms > 0) OR "
     "(state = 4 AND refusals < 1)"},
    {"grants %lld and %lld are counters of one user and template",
     "SELECT min(id), max(id) FROM \"grant\" WHERE kind >= 2 "
     "GROUP BY app_no, user, template_id HAVING count(*) > 1"},
    {"grant %lld has %lld uses reserved, but that is not the number of messages that hold one",
     "SELECT g.id, g.uses_reserved FROM \"grant\" g LEFT JOIN (SELECT grant_id, count(*) AS held "
     "FROM message WHERE grant_id > 0 AND state IN (0, 2, 6) GROUP BY grant_id) h "
     "ON h.grant_id = g.id WHERE g.kind <> 3 AND g.uses_reserved <> coalesce(h.held, 0)"},
    {"message %lld holds a use of grant %lld, which is another user's or does not exist",
     "SELECT m.id, m.grant_id FROM message m LEFT JOIN \"grant\" g ON g.id = m.grant_id "
     "WHERE m.grant_id > 0 AND m.state IN (0, 2, 6) AND "
     "(g.id IS NULL OR g.app_no <> m.app_no OR g.user <> m.user)"},
    {"message %lld names grant %lld in a state that holds and burned none",
     "SELECT id, grant_id FROM message WHERE grant_id > 0 AND state IN (1, 5, 7, 8)"},
    {"message %lld is queued and will never be due",
     "SELECT id, 0 FROM message WHERE state = 0 AND due_at_ms = 0 AND parked_due_ms = 0 AND "
     "broadcast_id = 0"},
    {"message %lld is set aside, but its broadcast %lld goes on",
     "SELECT m.id, b.id FROM message m INDEXED BY message_open JOIN broadcast b "
     "ON b.id = m.broadcast_id WHERE m.broadcast_id > 0 AND m.state <= 1 AND m.state = 0 AND "
     "m.due_at_ms = 0 AND "
     "m.parked_due_ms = 0 AND b.state NOT IN (3, 5)"},
    {"message %lld stands in queue %lld, which is not one for its template or broadcast",
     "SELECT id, queue FROM message WHERE (queue / 4) <> (template_kind = 1) OR "
     "(queue % 4 >= 2) <> (broadcast_id > 0)"},
    {"message %lld has a due time in a state that is not claimed",
     "SELECT id, 0 FROM message WHERE (due_at_ms > 0 OR parked_due_ms > 0) AND "
     "state NOT IN (0, 1, 6)"},
    {"message %lld is both due and parked",
     "SELECT id, 0 FROM message WHERE due_at_ms > 0 AND parked_due_ms > 0"},
    {"message %lld is parked for ever: its user has none in sending and none that is due",
     "SELECT p.id, 0 FROM message p INDEXED BY message_parked WHERE p.parked_due_ms > 0 AND "
     "(p.app_no, p.user) NOT IN (SELECT app_no, user FROM message WHERE state = 2) AND "
     "(p.app_no, p.user) NOT IN "
     "(SELECT app_no, user FROM message INDEXED BY message_due WHERE due_at_ms > 0)"},
    {"messages %lld and %lld of one user are both in sending",
     "SELECT min(id), max(id) FROM message WHERE state = 2 GROUP BY app_no, user "
     "HAVING count(*) > 1"},
    {"message %lld is in sending, but no claim names it",
     "SELECT id, 0 FROM message WHERE state = 2 AND id NOT IN (SELECT value FROM claimed, "
     "json_each(messages))"},
    {"claim %lld is over, but still noted",
     "SELECT id, 0 FROM claimed WHERE NOT EXISTS (SELECT 1 FROM json_each(messages) JOIN message m "
     "ON m.id = value WHERE m.state = 2)"},
    {"message %lld has a wrong settled_at_ms for its state",
     "SELECT id, 0 FROM message WHERE (settled_at_ms <> 0) <> (state IN (3, 4, 5, 7, 8))"},
    {"message %lld counts %lld attempts, but other ones are stored",
     "SELECT m.id, m.attempt_count FROM message m LEFT JOIN (SELECT message_id, count(*) AS n, "
     "max(number) AS last FROM attempt GROUP BY message_id) a ON a.message_id = m.id "
     "WHERE m.attempt_count <> coalesce(a.n, 0) OR m.attempt_count <> coalesce(a.last, 0)"},
    {"the tally of app %lld is wrong for messages in state %lld",
     "SELECT app_no, state FROM (SELECT app_no, state, count(*) AS number FROM message "
     "GROUP BY app_no, state UNION ALL SELECT app_no, state, -number FROM tally WHERE state >= 0) "
     "GROUP BY app_no, state HAVING sum(number) <> 0"},
    {"the tally of app %lld is wrong for the free uses of its grants",
     "SELECT app_no, 0 FROM (SELECT app_no, sum(uses_left - uses_reserved) AS number FROM "
     "\"grant\" "
     "WHERE state = 0 GROUP BY app_no UNION ALL SELECT app_no, -number FROM tally "
     "WHERE state = -1) GROUP BY app_no HAVING sum(number) <> 0"},
    {"the tally of app %lld is wrong for the uses of receipts that expire in minute %lld",
     "SELECT app_no, minute FROM (SELECT app_no, " MINUTE " AS minute, sum(uses_left - "
     "uses_reserved) AS uses FROM \"grant\" WHERE kind <= 1 AND state = 0 GROUP BY 1, 2 UNION ALL "
     "SELECT app_no, minute, -uses FROM reach_receipt) GROUP BY 1, 2 HAVING sum(uses) <> 0"},
    {"the tally of app %lld is wrong for the users whose last receipt expires in minute %lld",
     "SELECT app_no, minute FROM (SELECT app_no, max(" MINUTE ") AS minute, 1 AS users "
     "FROM \"grant\" INDEXED BY grant_user WHERE kind <= 1 AND state = 0 AND "
     "uses_left > uses_reserved GROUP BY app_no, user UNION ALL "
     "SELECT app_no, minute, -users FROM reach_receipt) GROUP BY 1, 2 HAVING sum(users) <> 0"},
    {"the tally of app %lld is wrong for all users with receipts",
     "SELECT app_no, 0 FROM (SELECT app_no, users FROM reach_receipt UNION ALL "
     "SELECT app_no, -number FROM tally WHERE state = -2) GROUP BY app_no HAVING sum(users) <> 0"},
    {"a tally of app %lld is wrong for a template's counters, of which grant %lld is one",
     "SELECT app_no, max(id) FROM (SELECT app_no, template_id, uses_left > uses_reserved AND "
     "state = 0 AS users, iif(state = 0, uses_left - uses_reserved, 0) AS uses, id FROM \"grant\" "
     "WHERE kind >= 2 UNION ALL SELECT app_no, template_id, -users, -uses, 0 FROM reach_counter) "
     "GROUP BY app_no, template_id HAVING sum(users) <> 0 OR sum(uses) <> 0"},
    {"message %lld is awaited by an event, but is another user's, or in state %lld",
     "SELECT a.message_id, coalesce(m.state, -1) FROM awaiting a LEFT JOIN message m "
     "ON m.id = a.message_id WHERE m.id IS NULL OR m.app_no <> a.app_no OR m.user <> a.user OR "
     "m.state NOT IN (2, 3, 6)"},
    {"broadcast %lld has made %lld messages, but its tally says otherwise",
     "SELECT id, fed FROM broadcast WHERE fed <> coalesce((SELECT sum(number) FROM "
     "broadcast_tally WHERE broadcast_id = broadcast.id), 0)"},
    {"the tally of broadcast %lld is too low for messages in state %lld",
     "SELECT m.broadcast_id, m.state FROM (SELECT broadcast_id, state, count(*) AS number FROM "
     "message WHERE broadcast_id > 0 GROUP BY broadcast_id, state) m JOIN broadcast b "
     "ON b.id = m.broadcast_id LEFT JOIN broadcast_tally t ON t.broadcast_id = m.broadcast_id "
     "AND t.state = m.state WHERE m.number > coalesce(t.number, 0)"},
    {"broadcast %lld has users left that do not add up (total %lld)",
     "SELECT id, total FROM broadcast WHERE state <> 5 AND total - fed <> (SELECT count(*) FROM "
     "audience WHERE broadcast_id = broadcast.id)"},
    {"outcome %lld waits behind another one of message %lld, but there is none",
     "SELECT o.id, o.message_id FROM outbox o WHERE o.due_at_ms = 0 AND NOT EXISTS (SELECT 1 FROM "
     "outbox p INDEXED BY outbox_message WHERE p.message_id = o.message_id AND p.message_id > 0 "
     "AND p.webhook_id = o.webhook_id AND p.id < o.id)"},
    {"message %lld is in a bucket of the index by user that is not in order of ids",
     "SELECT id, 0 FROM (SELECT id, bucket, lag(bucket) OVER (ORDER BY id) AS before "
     "FROM message) WHERE bucket < before"},
};

enum { FINDINGS_MAX = 100 };

static int found(struct hy_check *v, const char *text)
{
    if (!text)
        return HY_E_NOMEM;
    v->findings[v->count++] = text;
    return 0;
}

/* The file's own structures: SQLite says what is wrong in its words. */
static int check_file(struct hy_sqlite *s, struct hy_check *v)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(20)", -1, &stmt, NULL);
    int r = 0;

    if (rc != SQLITE_OK)
        return hy_sqlite_err(rc);
    while (r == 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);

        if (v->count < FINDINGS_MAX && text && sqlite3_stricmp(text, "ok") != 0)
            r = found(v, hy_arena_printf(v->arena, "the file is damaged: %s", text));
    }
    sqlite3_finalize(stmt);
    return r < 0 ? r : hy_sqlite_err(rc);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int check_rule(struct hy_sqlite *s, struct hy_check *v, size_t rule)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(s->db, rules[rule].sql, -1, &stmt, NULL);
    int r = 0;

    if (rc != SQLITE_OK)
        return hy_sqlite_err(rc);
    while (r == 0 && v->count < FINDINGS_MAX && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        r = found(v, hy_arena_printf(v->arena, rules[rule].sentence,
                                     (long long)sqlite3_column_int64(stmt, 0),
                                     (long long)sqlite3_column_int64(stmt, 1)));
    sqlite3_finalize(stmt);
    return r < 0 ? r : hy_sqlite_err(rc);
}
#pragma GCC diagnostic pop

static int check_all(struct hy_sqlite *s, struct hy_check *v)
{
    int r = check_file(s, v);

    for (size_t i = 0; i < sizeof rules / sizeof *rules && r == 0; i++)
        r = check_rule(s, v, i);
    /* Damage can stop a query half-way: that is a finding, too. */
    if (r == HY_E_CORRUPT && v->count < FINDINGS_MAX)
        r = found(v, hy_arena_printf(v->arena, "the file is damaged: %s", sqlite3_errmsg(s->db)));
    return r;
}

int hy_sqlite_check(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_check *v = (struct hy_check *)op;
    int r;

    v->count = 0;
    v->findings = (const char **)hy_arena_array(v->arena, FINDINGS_MAX, sizeof *v->findings);
    if (!v->findings)
        return HY_E_NOMEM;
    r = hy_sqlite_err(sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL));
    if (r < 0)
        return r;
    r = check_all(s, v);
    sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    if (r < 0)
        return r;
    return v->count > 0 ? HY_E_CORRUPT : 0;
}
