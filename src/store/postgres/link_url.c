#include "store/postgres/link_own.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

#define FORM "postgresql://USER:PASSWORD@HOST:5432/DATABASE"

/*
 * libpq takes what is before the first @ or / for the user and the password. With a / in a password that
 * isn't written as %2F it would look for a host, and with an @ say that this host isn't known: and name it.
 */
static bool splits_elsewhere(const char *url)
{
    const char *p = strstr(url, "://");

    if (!p)
        return false;
    p += 3;
    p += strcspn(p, "@/");
    if (*p == '@')
        p++;
    p += strcspn(p, "@?");
    return *p == '@';
}

/* libpq takes "host=x password=y", too, of which nobody here knows what may be shown. */
static bool is_url(const char *url)
{
    return strncmp(url, "postgresql://", strlen("postgresql://")) == 0 && !splits_elsewhere(url);
}

int hy_pg_url_check(const char *url, char *ret_explain, size_t explain_size)
{
    char *said = NULL; /* not repeated: it quotes the location */
    PQconninfoOption *options = is_url(url) ? PQconninfoParse(url, &said) : NULL;

    PQfreemem(said);
    if (options) {
        PQconninfoFree(options);
        return 0;
    }
    snprintf(ret_explain, explain_size,
             "the store's location is no URL of PostgreSQL, which is like " FORM
             "; characters like @ : / in a password are written as %%40 %%3A %%2F");
    return HY_E_INVALID;
}

static void ignore_notice(void *arg, const char *message)
{
}

PGconn *hy_pg_connect(const char *url, const char *application_name)
{
    /* What stands before `dbname`, the URL may say otherwise. A network that swallows everything is found
     * out by the keepalives and tcp_user_timeout, a standby among several hosts is passed over. */
    const char *const keys[] = {"connect_timeout",           "keepalives_idle",
                                "keepalives_interval",       "keepalives_count",
                                "tcp_user_timeout",          "target_session_attrs",
                                "fallback_application_name", "dbname",
                                "client_encoding",           NULL};
    char seconds[12];
    const char *const values[] = {seconds,          "5", "3",    "3", "15000", "read-write",
                                  application_name, url, "UTF8", NULL};
    PGconn *conn;

    snprintf(seconds, sizeof seconds, "%d", HY_PG_CONNECT_S);
    conn = PQconnectdbParams(keys, values, 1);
    if (conn)
        PQsetNoticeProcessor(conn, ignore_notice, NULL);
    return conn;
}
