#include "store/postgres/link_own.h"

#include "base/clock.h"
#include "base/err.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DELAY_MIN_US = 200000, DELAY_MAX_US = 5000000 };

/* --- connecting --------------------------------------------------------------------------------- */

static void forget_what_was_sent(struct hy_pg_link *link)
{
    link->pending_count = 0;
    memset(link->known, 0, sizeof link->known);
    link->known_count = 0;
}

int hy_pg_link_lost(struct hy_pg_link *link, const char *why)
{
    if (why)
        hy_pg_one_line(link->why, sizeof link->why, why);
    PQfinish(link->conn);
    link->conn = NULL;
    forget_what_was_sent(link);
    return HY_E_IO;
}

/* Of what the server says while nothing is asked, its last words count. */
static void hear_notice(void *arg, const PGresult *result)
{
    struct hy_pg_link *link = (struct hy_pg_link *)arg;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (!severity || (strcmp(severity, "FATAL") != 0 && strcmp(severity, "PANIC") != 0))
        return;
    hy_pg_error(result, link->why, sizeof link->why);
    link->ended = true;
}

static int connect_link(struct hy_pg_link *link)
{
    PGconn *conn = hy_pg_connect(link->url, link->application_name);
    int r = conn ? 0 : HY_E_NOMEM;

    if (r == 0 && PQstatus(conn) != CONNECTION_OK) {
        hy_pg_one_line(link->why, sizeof link->why, PQerrorMessage(conn));
        r = HY_E_IO;
    }
    if (r == 0 && PQsetnonblocking(conn, 1) != 0)
        r = HY_E_NOMEM;
    if (r == 0)
        r = hy_pg_set_up(conn, link->application_name, link->why, sizeof link->why);
    if (r == 0 && !PQenterPipelineMode(conn))
        r = HY_E_NOMEM;
    if (r < 0) {
        PQfinish(conn);
        return r;
    }
    PQsetNoticeReceiver(conn, hear_notice, link);
    forget_what_was_sent(link);
    link->conn = conn;
    link->generation++;
    return 0;
}

/* --- opening and closing ------------------------------------------------------------------------ */

int hy_pg_link_open(const char *url, const char *application_name, struct hy_pg_link **ret_link,
                    char *ret_explain, size_t explain_size)
{
    struct hy_pg_link *link;
    int r = hy_pg_url_check(url, ret_explain, explain_size);

    if (r < 0)
        return r;
    link = (struct hy_pg_link *)calloc(1, sizeof *link);
    if (!link)
        return HY_E_NOMEM;
    link->answer_ms = HY_PG_ANSWER_MS;
    atomic_init(&link->end_us, INT64_MAX);
    hy_pg_args_init(&link->args);
    link->url = strdup(url);
    link->application_name = strdup(application_name);
    r = link->url && link->application_name ? connect_link(link) : HY_E_NOMEM;
    if (r < 0) {
        snprintf(ret_explain, explain_size, "PostgreSQL: %s",
                 link->why[0] ? link->why : hy_err_text(r));
        hy_pg_link_close(link);
        return r;
    }
    *ret_link = link;
    return 0;
}

void hy_pg_link_close(struct hy_pg_link *link)
{
    if (!link)
        return;
    PQfinish(link->conn);
    hy_pg_args_deinit(&link->args);
    free(link->pending);
    free(link->application_name);
    free(link->url);
    free(link);
}

/* --- mending ------------------------------------------------------------------------------------ */

void hy_pg_link_look(struct hy_pg_link *link)
{
    struct pollfd fd = {.fd = PQsocket(link->conn), .events = POLLIN};

    while (poll(&fd, 1, 0) > 0) {
        link->ended = false;
        if (!PQconsumeInput(link->conn)) {
            hy_pg_link_lost(link, PQerrorMessage(link->conn));
            return;
        }
        PQfreemem(PQnotifies(link->conn)); /* there is none: this reads what has come */
        if (link->ended) {
            hy_pg_link_lost(link, NULL);
            return;
        }
    }
}

static void wait_longer(struct hy_pg_link *link)
{
    int64_t now_us = hy_clock_mono_us();

    link->delay_us = link->delay_us == 0 ? DELAY_MIN_US : link->delay_us * 2;
    if (link->delay_us > DELAY_MAX_US)
        link->delay_us = DELAY_MAX_US;
    /* Many nodes lose their server at one instant; they need not all come back at one. */
    link->retry_at_us = now_us + link->delay_us + (now_us * 7919) % (link->delay_us / 4);
}

int hy_pg_link_mend(struct hy_pg_link *link)
{
    int r;

    if (link->conn && link->pending_count == 0)
        hy_pg_link_look(link);
    if (link->conn)
        return 0;
    if (link->in_transaction || hy_pg_link_ended(link) || hy_clock_mono_us() < link->retry_at_us)
        return HY_E_IO;
    r = connect_link(link);
    /* Also after success: what lets us in and then throws us out is not asked without end. */
    wait_longer(link);
    return r < 0 ? HY_E_IO : 0;
}

void hy_pg_link_end_by(struct hy_pg_link *link, int64_t at_us)
{
    atomic_store(&link->end_us, at_us);
}

bool hy_pg_link_ended(const struct hy_pg_link *link)
{
    return hy_clock_mono_us() >= atomic_load(&link->end_us);
}

bool hy_pg_link_good(const struct hy_pg_link *link)
{
    return link->conn != NULL;
}

const char *hy_pg_link_why(const struct hy_pg_link *link)
{
    return link->why;
}

unsigned hy_pg_link_generation(const struct hy_pg_link *link)
{
    return link->generation;
}
