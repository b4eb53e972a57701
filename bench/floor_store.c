/* The store's part: rows as wide as the program's, its pragmas, two indexes of a message, no rules. */
#include "common.h"
#include "floor.h"

#include "base/clock.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKET = 2048, BATCH = 100 };

/* What the program sets, too; it checkpoints in a thread of its own from so many pages on. */
static const char set_up[] =
    "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "PRAGMA cache_size = -24576; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = FAST;"
    "PRAGMA wal_autocheckpoint = 4000;"
    "CREATE TABLE message (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, due INTEGER NOT NULL,"
    " parked INTEGER NOT NULL, lease INTEGER NOT NULL, grant_id INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, in_doubt INTEGER NOT NULL, msgid INTEGER NOT NULL,"
    " settled INTEGER NOT NULL, reason TEXT, app INTEGER NOT NULL, bucket INTEGER NOT NULL,"
    " policy INTEGER NOT NULL, on_missing INTEGER NOT NULL, accepted INTEGER NOT NULL,"
    " send_at INTEGER NOT NULL, expires INTEGER NOT NULL, user TEXT NOT NULL, template_id TEXT,"
    " data TEXT, page TEXT, emphasis TEXT, miniprogram_state TEXT, lang TEXT, tag TEXT, extra TEXT,"
    " template_kind INTEGER NOT NULL, queue INTEGER NOT NULL, broadcast_id INTEGER NOT NULL) "
    "STRICT;"
    "CREATE INDEX message_due ON message (app, queue, due) WHERE due > 0;"
    "CREATE INDEX message_user ON message (bucket, app, user);"
    "CREATE TABLE permit (id INTEGER PRIMARY KEY, app INTEGER NOT NULL, state INTEGER NOT NULL,"
    " uses_left INTEGER NOT NULL, uses_reserved INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " user TEXT NOT NULL, credential TEXT) STRICT;"
    "CREATE INDEX permit_user ON permit (app, user);"
    "CREATE TABLE attempt (message_id INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT "
    "NULL,"
    " took INTEGER NOT NULL, grant_id INTEGER NOT NULL, verdict INTEGER NOT NULL, hint INTEGER NOT"
    " NULL, flags INTEGER NOT NULL, msgid INTEGER NOT NULL, errcode TEXT, errmsg TEXT, rid TEXT,"
    " PRIMARY KEY (message_id, number)) STRICT, WITHOUT ROWID;";

enum {
    BEGIN,
    COMMIT,
    GRANT,
    FIND,
    RESERVE,
    INSERT,
    DUE,
    SENDING,
    SENT,
    ATTEMPT,
    SPENT,
    STATEMENTS
};

static const char *const texts[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [GRANT] =
        "INSERT INTO permit (app, state, uses_left, uses_reserved, expires, user, credential) "
        "VALUES (1, 0, 1, 0, ?3, ?1, ?2)",
    [FIND] =
        "SELECT id, expires FROM permit INDEXED BY permit_user WHERE app = 1 AND user = ?1 AND "
        "state = 0 AND uses_left > uses_reserved ORDER BY expires LIMIT 1",
    [RESERVE] = "UPDATE permit SET uses_reserved = uses_reserved + 1 WHERE id = ?1",
    [INSERT] =
        "INSERT INTO message VALUES (?1, 0, ?2, 0, 0, ?3, 0, 0, 0, 0, NULL, 1, ?4, 0, 0, ?2, 0,"
        " 0, ?5, ?6, ?7, ?8, NULL, NULL, NULL, ?9, NULL, 1, 5, 0)",
    [DUE] =
        "SELECT m.id, m.grant_id, m.user, m.template_id, m.data, m.page, p.credential FROM message "
        "m "
        "INDEXED BY message_due JOIN permit p ON p.id = m.grant_id WHERE m.app = 1 AND m.queue = 5 "
        "AND due > 0 AND due <= ?1 ORDER BY due, m.id LIMIT ?2",
    [SENDING] = "UPDATE message SET state = 2, due = 0, lease = ?1 WHERE id = ?2",
    [SENT] = "UPDATE message SET state = ?1, lease = 0, attempts = 1, msgid = ?2, settled = ?3 "
             "WHERE id = ?2",
    [ATTEMPT] = "INSERT INTO attempt VALUES (?1, 1, ?2, 20, ?3, 0, 0, 5, ?1, '0', 'ok', NULL)",
    [SPENT] = "UPDATE permit SET state = 1, uses_left = 0, uses_reserved = 0 WHERE id = ?1",
};

struct floor_store {
    sqlite3 *db;
    sqlite3_stmt *stmts[STATEMENTS];
    int64_t last_id;
};

static void check(struct floor_store *s, int rc)
{
    floor_must(rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW, sqlite3_errmsg(s->db));
}

struct floor_store *floor_store_open(const char *path)
{
    struct floor_store *s = calloc(1, sizeof *s);

    floor_must(s != NULL, "memory");
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    check(s,
          sqlite3_open_v2(path, &s->db,
                          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
    check(s, sqlite3_exec(s->db, set_up, NULL, NULL, NULL));
    for (int i = 0; i < STATEMENTS; i++)
        check(s, sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &s->stmts[i],
                                    NULL));
    return s;
}

void floor_store_close(struct floor_store *s)
{
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(s->stmts[i]);
    sqlite3_close(s->db);
    free(s);
}

static void text(sqlite3_stmt *q, int at, const char *value)
{
    sqlite3_bind_text(q, at, value, -1, SQLITE_STATIC);
}

static void run(struct floor_store *s, int which)
{
    check(s, sqlite3_step(s->stmts[which]));
    sqlite3_reset(s->stmts[which]);
}

static void run_on(struct floor_store *s, int which, int64_t id)
{
    sqlite3_bind_int64(s->stmts[which], 1, id);
    run(s, which);
}

void floor_store_begin(struct floor_store *s)
{
    run(s, BEGIN);
}

void floor_store_commit(struct floor_store *s)
{
    run(s, COMMIT);
}

void floor_store_grant(struct floor_store *s, const char *user, const char *credential)
{
    text(s->stmts[GRANT], 1, user);
    text(s->stmts[GRANT], 2, credential);
    sqlite3_bind_int64(s->stmts[GRANT], 3, hy_clock_now_ms() + 7LL * BENCH_DAY_MS);
    run(s, GRANT);
}

void floor_store_admit(struct floor_store *s, struct floor_message *m)
{
    sqlite3_stmt *q = s->stmts[FIND];

    m->id = ++s->last_id;
    text(q, 1, m->user);
    floor_must(sqlite3_step(q) == SQLITE_ROW, "a user without a grant");
    m->grant_id = sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    run_on(s, RESERVE, m->grant_id);
    q = s->stmts[INSERT];
    sqlite3_bind_int64(q, 1, m->id);
    sqlite3_bind_int64(q, 2, hy_clock_now_ms());
    sqlite3_bind_int64(q, 3, m->grant_id);
    sqlite3_bind_int64(q, 4, m->id / BUCKET);
    text(q, 5, m->user);
    text(q, 6, m->template_id);
    text(q, 7, m->data);
    text(q, 8, m->page);
    text(q, 9, m->tag);
    run(s, INSERT);
}

/* The texts follow the struct. */
static struct floor_message *copy(sqlite3_stmt *q)
{
    enum { FIRST = 2, TEXTS = 5 };
    size_t size = sizeof(struct floor_message);
    struct floor_message *m;
    const char **into[TEXTS];
    char *at;

    for (int i = 0; i < TEXTS; i++)
        size += (size_t)sqlite3_column_bytes(q, FIRST + i) + 1;
    m = calloc(1, size);
    floor_must(m != NULL, "memory");
    memcpy(into, (const char **[]){&m->user, &m->template_id, &m->data, &m->page, &m->credential},
           sizeof into);
    m->id = sqlite3_column_int64(q, 0);
    m->grant_id = sqlite3_column_int64(q, 1);
    at = (char *)(m + 1);
    for (int i = 0; i < TEXTS; i++) {
        const void *value = sqlite3_column_text(q, FIRST + i);

        *into[i] = value ? memcpy(at, value, (size_t)sqlite3_column_bytes(q, FIRST + i) + 1) : NULL;
        at += value ? sqlite3_column_bytes(q, FIRST + i) + 1 : 0;
    }
    return m;
}

void floor_store_claim(struct floor_store *s, size_t max, struct floor_list *claimed)
{
    sqlite3_stmt *q = s->stmts[DUE];
    int64_t now_ms = hy_clock_now_ms();

    sqlite3_bind_int64(q, 1, now_ms);
    sqlite3_bind_int64(q, 2, (int64_t)max);
    while (sqlite3_step(q) == SQLITE_ROW)
        floor_list_add(claimed, copy(q));
    sqlite3_reset(q);
    for (const struct floor_message *m = claimed->first; m; m = m->next) {
        sqlite3_bind_int64(s->stmts[SENDING], 2, m->id);
        run_on(s, SENDING, now_ms + 60000);
    }
}

void floor_store_settle(struct floor_store *s, const struct floor_message *m)
{
    int64_t now_ms = hy_clock_now_ms();

    sqlite3_bind_int64(s->stmts[SENT], 2, m->id);
    sqlite3_bind_int64(s->stmts[SENT], 3, now_ms);
    run_on(s, SENT, m->sent ? 3 : 5);
    sqlite3_bind_int64(s->stmts[ATTEMPT], 2, now_ms);
    sqlite3_bind_int64(s->stmts[ATTEMPT], 3, m->grant_id);
    run_on(s, ATTEMPT, m->id);
    run_on(s, SPENT, m->grant_id);
}

/* --- alone: the pattern and the texts of store-bench --------------------------------------------- */

static void one_batch(struct floor_store *s, int64_t first)
{
    struct floor_message messages[BATCH];
    char users[BATCH][BENCH_USER_BYTES];
    struct floor_list claimed;

    floor_list_init(&claimed);
    floor_store_begin(s);
    for (int i = 0; i < BATCH; i++) {
        messages[i] = (struct floor_message){
            .user = bench_user(first + i, users[i]),
            .template_id = "TEMPLATE-0000000000000000000000000000000001",
            .data =
                "{\"keyword1\":{\"value\":\"339208499\"},\"keyword2\":{\"value\":\"2015-01-05 "
                "12:30\"},\"keyword3\":{\"value\":\"TIT Creative Park\"},\"keyword4\":{\"value\":"
                "\"397 Xingang Middle Road, Guangzhou\"}}",
            .page = "pages/order/detail?id=339208499"};
        floor_store_admit(s, &messages[i]);
    }
    floor_store_commit(s);
    floor_store_begin(s);
    floor_store_claim(s, BATCH, &claimed);
    floor_store_commit(s);
    floor_must(claimed.count == BATCH, "a claim with fewer than were admitted");
    floor_store_begin(s);
    for (struct floor_message *m = claimed.first, *next; m; m = next) {
        next = m->next;
        m->sent = true;
        floor_store_settle(s, m);
        free(m);
    }
    floor_store_commit(s);
}

void floor_part_store(int argc, char **argv)
{
    floor_must(argc == 2, "store PATH COUNT");
    struct floor_store *s = floor_store_open(argv[0]);
    int64_t count = strtoll(argv[1], NULL, 10) / BATCH * BATCH;
    struct floor_cost since;

    floor_store_begin(s);
    for (int64_t i = 0; i < count; i++) {
        char user[BENCH_USER_BYTES], credential[33];

        snprintf(credential, sizeof credential, "%016llx%016llx",
                 (unsigned long long)bench_mix((uint64_t)i),
                 (unsigned long long)bench_mix((uint64_t)~i));
        floor_store_grant(s, bench_user(i, user), credential);
    }
    floor_store_commit(s);
    since = floor_now();
    for (int64_t i = 0; i < count; i += BATCH)
        one_batch(s, i);
    floor_print("store", since, (double)count);
    floor_store_close(s);
}
