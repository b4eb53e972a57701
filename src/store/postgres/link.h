/*
 * link.h - one connection to PostgreSQL: values in, rows out, many statements in one round trip. No
 * file but link*.c and watch.c calls libpq.
 *
 * A statement, alone:
 *
 *     static const struct hy_pg_sql app_by_no = {"app_by_no", "SELECT id FROM app WHERE no = $1"};
 *     struct hy_pg_args *args = hy_pg_args(link);
 *     struct hy_pg_rows rows;
 *     hy_pg_put_int(args, 7);
 *     err = hy_pg_run(link, &app_by_no, &rows);
 *     while (err == 0 && hy_pg_next(&rows)) hy_pg_text(&rows, 0);
 *     hy_pg_rows_free(&rows);
 *
 * Many rows in one statement: arrays side by side, which the text takes apart with
 * "FROM unnest($1::int8[], $2::text[]) AS t (id, name)":
 *
 *     hy_pg_columns_begin(args, "it");
 *     for (...) { hy_pg_put_int(args, id); hy_pg_put_text(args, name); }
 *     hy_pg_columns_end(args);
 *
 * Many statements in one round trip: hy_pg_queue() each, then hy_pg_drain(). They are sent in pipeline
 * mode, in order; each sees what those before it did, and has a snapshot of its own (READ COMMITTED).
 *
 * Values go in binary form. Statements are prepared when they are used first on a connection; their
 * structs are static and their names differ. One thread at a time uses a link.
 *
 * Errors, of all calls: HY_E_IO (no connection, or it broke; statement timed out), HY_E_FULL, HY_E_BUSY
 * (deadlock, serialization, lock timeout, unique violation: somebody else's transaction was in the way;
 * nothing of ours is done, it may be run again), HY_E_NOMEM (the server's), HY_E_CORRUPT (the server
 * says so, or it refuses a statement of ours: a bug), HY_E_FENCED (fence.h). After any of them the transaction
 * is void.
 */
#ifndef HY_STORE_POSTGRES_LINK_H
#define HY_STORE_POSTGRES_LINK_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hy_pg_link;
struct hy_pg_args;

struct hy_pg_sql {
    const char *name; /* of the prepared statement, unique in the program */
    const char *text;
};

/* --- opening ---------------------------------------------------------------------------------- */

/* The name of the link that writes: its plans are made for lookups by key. */
#define HY_PG_WRITER_NAME "hongyan"

enum {
    HY_PG_CONNECT_S = 5,
    HY_PG_STATEMENT_MS = 30000,
    HY_PG_LOCK_MS = 8000,
    HY_PG_IDLE_TX_MS = 4000
};

/*
 * `url` is the whole location, "postgresql://...". Connects, and sets the session up: synchronous_commit on
 * (at least), time zone UTC, client_min_messages warning, the time-outs above (a node that is stopped in the
 * middle of a transaction loses it after HY_PG_IDLE_TX_MS), and refuses (HY_E_INVALID) servers before 14 and
 * databases whose encoding isn't UTF8. `explain` never holds the password.
 */
int hy_pg_link_open(const char *url, const char *application_name, struct hy_pg_link **ret_link,
                    char *ret_explain, size_t explain_size);
void hy_pg_link_close(struct hy_pg_link *link); /* null is legal */

/*
 * True when there is a connection in good order. Otherwise tries to get one, if the last try is long
 * enough ago (0.2 s, growing to 5 s, and a random part): 0, or HY_E_IO. Never inside of a transaction.
 */
int hy_pg_link_mend(struct hy_pg_link *link);
/* Any thread: from that instant on (hy_clock_mono_us()) no answer is waited for, and no connection is made. For
 * a program that ends, whose server may say nothing any more. */
void hy_pg_link_end_by(struct hy_pg_link *link, int64_t at_us);
bool hy_pg_link_ended(const struct hy_pg_link *link); /* it has come */
bool hy_pg_link_good(const struct hy_pg_link *link);
/* Of the last error: "connection refused"; one line, without secrets. Never null. */
const char *hy_pg_link_why(const struct hy_pg_link *link);
/* Grows with every new connection: what was known of the old one is void. */
unsigned hy_pg_link_generation(const struct hy_pg_link *link);

/* --- arguments: of the next statement of this link -------------------------------------------- */

/* Begins anew. */
struct hy_pg_args *hy_pg_args(struct hy_pg_link *link);

void hy_pg_put_int(struct hy_pg_args *args, int64_t value);     /* int8; of a bool: "$1 <> 0" */
void hy_pg_put_text(struct hy_pg_args *args, const char *text); /* null = NULL */
void hy_pg_put_bytes(struct hy_pg_args *args, const void *b, size_t n); /* null = NULL */

/* Until end, values go to arrays: row by row, each row as many as `types` has letters: i int8, t text,
 * b bytea. They become so many arguments, in that order. */
void hy_pg_columns_begin(struct hy_pg_args *args, const char *types);
void hy_pg_columns_end(struct hy_pg_args *args);

/* --- running ---------------------------------------------------------------------------------- */

struct hy_pg_rows {
    void *result; /* the link's */
    int count, at;
    size_t changed; /* rows that the statement inserted, updated or deleted */
};

/* Reads what a queued statement answered; < 0 is what drain returns. Texts live until it returns. */
typedef int hy_pg_read(struct hy_pg_rows *rows, void *arg);

/* With the arguments that were put since hy_pg_args(). `read` may be null. Perhaps it is sent already, surely
 * not waited for; what goes wrong is told by drain. Outside of a transaction a broken connection is mended
 * first; a transaction (from a text that begins with BEGIN to one that begins with COMMIT or ROLLBACK) is
 * lost with its connection: HY_E_IO until hy_pg_undo(). */
void hy_pg_queue(struct hy_pg_link *link, const struct hy_pg_sql *sql, hy_pg_read *read, void *arg);
/* Sends what is queued, waits, calls each `read` in order; the first error, after which no `read` is
 * called any more. */
int hy_pg_drain(struct hy_pg_link *link);
/* queue and drain; the caller frees `ret_rows` (null: not wanted), also after an error. */
int hy_pg_run(struct hy_pg_link *link, const struct hy_pg_sql *sql, struct hy_pg_rows *ret_rows);
/* A text of several statements without arguments, not prepared (migrations); waits as long as it takes. */
int hy_pg_script(struct hy_pg_link *link, const char *text);

/* Queues the begin of a reading transaction, in which all statements see one state; ended by undo. */
void hy_pg_snapshot(struct hy_pg_link *link);
/* Forgets what is queued (no `read` of it is called), rolls back. Legal at any time. */
void hy_pg_undo(struct hy_pg_link *link);

/* --- rows ------------------------------------------------------------------------------------- */

bool hy_pg_next(struct hy_pg_rows *rows); /* the first one, too */
void hy_pg_rows_free(struct hy_pg_rows *rows);

/* Of int8, int4, int2, bool; NULL = 0. Ends the process for any other type: sum() of int8 is a numeric, to be
 * cast in the text. */
int64_t hy_pg_int(const struct hy_pg_rows *rows, int column);
const char *hy_pg_text(const struct hy_pg_rows *rows, int column); /* or null; until rows_free */
const void *hy_pg_bytes(const struct hy_pg_rows *rows, int column, size_t *ret_size);
/* The same in an arena; null for NULL. Out of memory ends the process, as in the memory backend. */
const char *hy_pg_copy(const struct hy_pg_rows *rows, int column, struct hy_arena *arena);

#endif
