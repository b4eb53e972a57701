#include "store/postgres/link_own.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERVER_VERSION_MIN = 140000 };

static int check_server(PGconn *conn, char *ret_why, size_t why_size)
{
    const char *encoding = PQparameterStatus(conn, "server_encoding");
    const char *version = PQparameterStatus(conn, "server_version");

    if (PQserverVersion(conn) < SERVER_VERSION_MIN) {
        snprintf(ret_why, why_size, "the server is PostgreSQL %s; 14 or newer is needed",
                 version ? version : "of an old version");
        return HY_E_INVALID;
    }
    if (encoding && strcmp(encoding, "UTF8") != 0) {
        snprintf(ret_why, why_size,
                 "the database's encoding is %s; make one with: CREATE DATABASE hongyan ENCODING "
                 "'UTF8' TEMPLATE template0",
                 encoding);
        return HY_E_INVALID;
    }
    return 0;
}

static int lost(char *ret_why, size_t why_size, const char *why)
{
    hy_pg_one_line(ret_why, why_size, why);
    return HY_E_IO;
}

static int judge(const PGresult *result, char *ret_why, size_t why_size)
{
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return hy_pg_error(result, ret_why, why_size);
    if (strcmp(PQgetvalue(result, 0, PQnfields(result) - 1), "true") != 0)
        return 0;
    snprintf(ret_why, why_size,
             "the server is a standby, which only reads; name the primary, or all hosts as in "
             "postgresql://a,b/DATABASE");
    return HY_E_IO;
}

/* A pooler lets us in also while there is no server behind it. */
static int take_answer(PGconn *conn, char *ret_why, size_t why_size)
{
    int r = 0;

    for (;;) {
        const char *why = hy_pg_await(conn, HY_PG_CONNECT_S * 1000);
        PGresult *result;

        if (why)
            return lost(ret_why, why_size, why);
        result = PQgetResult(conn);
        if (!result)
            return r;
        r = judge(result, ret_why, why_size);
        PQclear(result);
        if (PQstatus(conn) != CONNECTION_OK)
            return r;
    }
}

int hy_pg_set_up(PGconn *conn, const char *application_name, char *ret_why, size_t why_size)
{
    /* In one round trip. Not as start-up options: poolers refuse those. remote_apply promises more than
     * on. */
    static const char settings[] =
        "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
        "WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false), "
        "set_config('TimeZone', 'UTC', false), "
        "set_config('client_min_messages', 'warning', false), "
        "set_config('default_transaction_isolation', 'read committed', false), "
        "set_config('standard_conforming_strings', 'on', false), "
        "set_config('jit', 'off', false), " /* no statement lasts so long that it pays */
        /* The writer looks rows up by keys from arrays whose lengths the planner cannot know; a plan that reads a
         * whole table because it was small when it was made would be kept while it grows. */
        "CASE WHEN $4 = '" HY_PG_WRITER_NAME "' THEN "
        "set_config('plan_cache_mode', 'force_generic_plan', false) || "
        "set_config('enable_mergejoin', 'off', false) || set_config('enable_seqscan', 'off', "
        "false) END, "
        "set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false), "
        "set_config('idle_in_transaction_session_timeout', $3, false), "
        "pg_is_in_recovery()::text";
    char numbers[3][12];
    const char *const values[] = {numbers[0], numbers[1], numbers[2], application_name};
    int r = check_server(conn, ret_why, why_size);

    if (r < 0)
        return r;
    snprintf(numbers[0], sizeof *numbers, "%d", HY_PG_STATEMENT_MS);
    snprintf(numbers[1], sizeof *numbers, "%d", HY_PG_LOCK_MS);
    snprintf(numbers[2], sizeof *numbers, "%d", HY_PG_IDLE_TX_MS);
    if (!PQsendQueryParams(conn, settings, 4, NULL, values, NULL, NULL, 0))
        return lost(ret_why, why_size, PQerrorMessage(conn));
    return take_answer(conn, ret_why, why_size);
}
