#include "store/postgres/link_own.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>

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

const char *hy_pg_await(PGconn *conn, int limit_ms)
{
    int64_t end_us = hy_clock_mono_us() + (int64_t)limit_ms * 1000;
    const char *why = NULL;

    while (!why && PQisBusy(conn)) {
        int left_ms = limit_ms < 0 ? -1 : (int)((end_us - hy_clock_mono_us()) / 1000);

        why = limit_ms >= 0 && left_ms <= 0 ? "the server does not answer"
                                            : wait_a_turn(conn, left_ms);
    }
    return why;
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
