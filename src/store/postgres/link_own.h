/*
 * link_own.h - the insides of a link, shared by the files link*.c (and hy_pg_connect() by watch.c).
 */
#ifndef HY_STORE_POSTGRES_LINK_OWN_H
#define HY_STORE_POSTGRES_LINK_OWN_H

#include "base/buf.h"
#include "store/postgres/link.h"

#include <libpq-fe.h>
#include <stdatomic.h>

enum { HY_PG_ARGS_MAX = 64, HY_PG_WHY_BYTES = 240, HY_PG_STATEMENTS_MAX = 1024 };
/* The server gives up first, and says so. */
enum { HY_PG_ANSWER_MS = HY_PG_STATEMENT_MS + 5000 };

/* Numbers of types, fixed in PostgreSQL's catalog (pg_type.dat). */
enum {
    HY_PG_BOOL = 16,
    HY_PG_BYTEA = 17,
    HY_PG_INT8 = 20,
    HY_PG_INT2 = 21,
    HY_PG_INT4 = 23,
    HY_PG_TEXT = 25,
    HY_PG_BYTEA_ARRAY = 1001,
    HY_PG_TEXT_ARRAY = 1009,
    HY_PG_INT8_ARRAY = 1016
};

/* Values lie in `scalars` or, an array each, in `columns`. */
struct hy_pg_arg {
    Oid type;
    int column;    /* -1: in scalars */
    size_t offset; /* of scalars */
    int length;    /* -1: NULL */
};

struct hy_pg_column {
    struct hy_buf bytes; /* room for the head of an array, then its elements */
    int32_t count;
    bool has_null;
};

struct hy_pg_args {
    struct hy_pg_arg args[HY_PG_ARGS_MAX];
    int count;
    struct hy_buf scalars;
    struct hy_pg_column columns[HY_PG_ARGS_MAX];
    int column_count;
    int first, width, cursor; /* of the columns under way; width 0: none are */
    bool failed;              /* no memory, or more than a message can hold */
};

void hy_pg_args_init(struct hy_pg_args *args);
void hy_pg_args_deinit(struct hy_pg_args *args);
const char *hy_pg_arg_bytes(const struct hy_pg_args *args, const struct hy_pg_arg *arg);

/* What was sent and is not answered yet. */
enum hy_pg_sent { HY_PG_SENT_PREPARE, HY_PG_SENT_RUN, HY_PG_SENT_SYNC };

struct hy_pg_pending {
    enum hy_pg_sent sent;
    const struct hy_pg_sql *sql;
    hy_pg_read *read; /* or null */
    void *arg;
};

struct hy_pg_link {
    PGconn *conn; /* null: none */
    char *url;
    char *application_name;
    unsigned generation;
    char why[HY_PG_WHY_BYTES];

    /* Mending: hy_clock_mono_us() before which nothing is tried. */
    int64_t retry_at_us;
    int64_t delay_us;

    struct hy_pg_args args;

    struct hy_pg_pending *pending;
    size_t pending_count, pending_capacity;
    atomic_int_least64_t end_us; /* hy_pg_link_end_by() */
    int answer_ms;               /* a server that says nothing for so long is lost */
    int queue_error;             /* the first of what could not be sent; told by drain */
    bool in_transaction;
    bool ended; /* the server said so while nothing was asked */

    /* Statements that this connection knows, a hash table by address. */
    const struct hy_pg_sql *known[HY_PG_STATEMENTS_MAX];
    size_t known_count;
};

/* --- link_url.c -------------------------------------------------------------------------------- */

/* HY_E_INVALID when libpq cannot read it, or would read a part of a password as something else. */
int hy_pg_url_check(const char *url, char *ret_explain, size_t explain_size);
/* A connection with our settings for time-outs of the network, those in `url` before them; not set up yet.
 * Null: no memory. Blocks for as long as the settings allow. */
PGconn *hy_pg_connect(const char *url, const char *application_name);

/* --- link_wait.c -------------------------------------------------------------------------------- */

enum { HY_PG_NO_LIMIT = -1 };
/* Sends, until a result is there: null. Otherwise why none will come. */
const char *hy_pg_await(PGconn *conn, int limit_ms);
/* Also not beyond that instant, which may change meanwhile: hy_pg_link_end_by(). */
const char *hy_pg_await_by(PGconn *conn, int limit_ms, const atomic_int_least64_t *end_us);
/* A text outside of a pipeline. False when it failed, or took too long: the connection is of no use then. */
bool hy_pg_command(PGconn *conn, const char *text, int limit_ms);

/* --- link_setup.c: a new connection becomes one of ours ------------------------------------------ */

/* The name is what hy_pg_connect() was given: a URL may say another one to the server. It doesn't block.
 * HY_E_INVALID: a server or database that cannot hold a store. */
int hy_pg_set_up(PGconn *conn, const char *application_name, char *ret_why, size_t why_size);

/* --- link_error.c -------------------------------------------------------------------------------- */

/* The first line of it, without what is no text. */
void hy_pg_one_line(char *into, size_t size, const char *text);
/* What a result that tells of an error means; fills in `ret_why`. */
int hy_pg_error(const PGresult *result, char *ret_why, size_t why_size);
/* True when a connection that gave this error is of no use any more. */
bool hy_pg_error_ends_connection(const PGresult *result);

/* --- link.c ------------------------------------------------------------------------------------- */

/* Ends the connection: what was sent is void. Returns HY_E_IO. */
int hy_pg_link_lost(struct hy_pg_link *link, const char *why);
/* There is a connection and nothing was sent: finds out whether the server has closed it meanwhile. */
void hy_pg_link_look(struct hy_pg_link *link);

#endif
