#include "store/postgres/link_own.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>

enum { TURN_US = 200000 };

/* Null: go on. */
static const char *wait_a_turn(PGconn *conn, int left_ms)
{
    struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};
    int unsent = PQflush(conn);

    if (unsent < 0)
        return PQerrorMessage(conn);
    if (unsent > 0)
        fd.events |= POLLOUT;
    if (poll(&fd, 1, left_ms) < 0 && errno != EINTR)
        return "waiting for the server failed";
    if ((fd.revents & ~POLLOUT) && !PQconsumeInput(conn))
        return PQerrorMessage(conn);
    return NULL;
}

/* How long until the end is looked at again: it may come nearer while we wait. */
static int turn_ms(int64_t left_us)
{
    return left_us < TURN_US ? (int)(left_us / 1000) + 1 : TURN_US / 1000;
}

const char *hy_pg_await_by(PGconn *conn, int limit_ms, const atomic_int_least64_t *end_us)
{
    int64_t from_us = hy_clock_mono_us();
    int64_t until_us = limit_ms < 0 ? INT64_MAX : from_us + (int64_t)limit_ms * 1000;
    const char *why = NULL;

    while (!why && PQisBusy(conn)) {
        int64_t now_us = hy_clock_mono_us();

        if (now_us >= until_us)
            why = "the server does not answer";
        else if (end_us && now_us >= atomic_load(end_us))
            why = "the program ends, and the server has not answered";
        else
            why = wait_a_turn(conn, turn_ms(until_us - now_us));
    }
    return why;
}

const char *hy_pg_await(PGconn *conn, int limit_ms)
{
    return hy_pg_await_by(conn, limit_ms, NULL);
}

bool hy_pg_command(PGconn *conn, const char *text, int limit_ms)
{
    bool ok = PQsendQuery(conn, text);

    while (ok) {
        PGresult *result = hy_pg_await(conn, limit_ms) ? NULL : PQgetResult(conn);

        if (!result)
            return !PQisBusy(conn) && PQstatus(conn) == CONNECTION_OK;
        ok = PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
    }
    return false;
}
