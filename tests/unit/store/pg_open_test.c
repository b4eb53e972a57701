/* Opening a connection: URLs, what is refused, and that no password is told to anybody. */
#include "pg_rig.h"

#include <stdlib.h>

static char explain[400];

static int open_it(const char *url)
{
    struct hy_pg_link *link = NULL;
    int r;

    explain[0] = 0;
    r = hy_pg_link_open(url, "unit", &link, explain, sizeof explain);
    hy_pg_link_close(link);
    return r;
}

/* The folder of the server's socket. */
static const char *folder(void)
{
    const char *host = strstr(pg_url(), "host=");

    CHECK(host != NULL);
    return host + 5;
}

/* As a host in a URL: with %2F for each /. */
static const char *folder_as_host(void)
{
    static char host[300];
    size_t n = 0;

    for (const char *p = folder(); *p; p++)
        n += (size_t)snprintf(host + n, sizeof host - n, *p == '/' ? "%%2F" : "%c", *p);
    return host;
}

static void check_refused(const char *url, int error, const char *word)
{
    CHECK_INT(open_it(url), error);
    if (!strstr(explain, word))
        hy_tap_fail(__FILE__, __LINE__, "%s: \"%s\" is not in \"%s\"", url, word, explain);
    CHECK(!strchr(explain, '\n'));
    CHECK(!strstr(explain, "s3cr"));
}

static void forms_of_urls(void)
{
    char url[700];

    CHECK_INT(open_it(pg_url()), 0);
    snprintf(url, sizeof url, "postgresql://hongyan@%s/hongyan", folder_as_host());
    CHECK_INT(open_it(url), 0);
    snprintf(url, sizeof url, "postgresql:///?user=hongyan&dbname=hongyan&host=%s", folder());
    CHECK_INT(open_it(url), 0);
    snprintf(url, sizeof url, "postgresql://hongyan:any%%40thing@%s/hongyan?connect_timeout=2",
             folder_as_host());
    CHECK_INT(open_it(url), 0);
}

/* The first host is not there: the second one answers, and is a primary. */
static void several_hosts(void)
{
    char url[700];

    snprintf(url, sizeof url,
             "postgresql://hongyan@%%2Fnowhere,%s/hongyan?target_session_attrs=read-write",
             folder_as_host());
    CHECK_INT(open_it(url), 0);
    snprintf(url, sizeof url, "postgresql://hongyan@%s,%%2Fnowhere/hongyan", folder_as_host());
    CHECK_INT(open_it(url), 0);
    snprintf(url, sizeof url, "postgresql://hongyan@%s/hongyan?target_session_attrs=standby",
             folder_as_host());
    check_refused(url, HY_E_IO, "standby");
}

static void the_session_is_set_up(void)
{
    static const struct hy_pg_sql sql = {
        "settings", "SELECT current_setting('synchronous_commit'), current_setting('TimeZone'), "
                    "current_setting('lock_timeout'), current_setting('statement_timeout'), "
                    "current_setting('idle_in_transaction_session_timeout'), "
                    "current_setting('application_name'), current_setting('client_encoding')"};
    static const char *const expected[] = {"on", "UTC", "8s", "30s", "4s", "unit", "UTF8"};
    struct hy_pg_link *link =
        pg_open(pg_url_with("options=-c%20synchronous_commit%3Doff%20-c%20lock_timeout%3D0"));
    struct hy_pg_rows rows;

    CHECK_INT(hy_pg_run(link, &sql, &rows), 0);
    CHECK(hy_pg_next(&rows));
    for (int i = 0; i < 7; i++)
        CHECK_TEXT(hy_pg_text(&rows, i), expected[i]);
    hy_pg_rows_free(&rows);
    hy_pg_link_close(link);
    /* That promises more. */
    link = pg_open(pg_url_with("options=-c%20synchronous_commit%3Dremote_apply"));
    CHECK_INT(hy_pg_run(link, &sql, &rows), 0);
    CHECK(hy_pg_next(&rows));
    CHECK_TEXT(hy_pg_text(&rows, 0), "remote_apply");
    hy_pg_rows_free(&rows);
    hy_pg_link_close(link);
}

/* Whatever the URL calls it at the server. */
static void the_writer_plans_for_keys(void)
{
    static const struct hy_pg_sql sql = {"plans", "SELECT current_setting('plan_cache_mode')"};
    static const char *const names[] = {HY_PG_WRITER_NAME, "another"};
    static const char *const expected[] = {"force_generic_plan", "auto"};

    for (int i = 0; i < 2; i++) {
        struct hy_pg_link *link;
        struct hy_pg_rows rows;
        char why[300];

        CHECK_INT(
            hy_pg_link_open(pg_url_with("application_name=shop"), names[i], &link, why, sizeof why),
            0);
        CHECK_INT(hy_pg_run(link, &sql, &rows), 0);
        CHECK(hy_pg_next(&rows));
        CHECK_TEXT(hy_pg_text(&rows, 0), expected[i]);
        hy_pg_rows_free(&rows);
        hy_pg_link_close(link);
    }
}

static void passwords_are_not_told(void)
{
    struct hy_pg_link *link = pg_open(pg_url());
    char url[700];

    pg_script(link,
              "DROP ROLE IF EXISTS guarded; CREATE ROLE guarded LOGIN PASSWORD 'right-s3cret'");
    hy_pg_link_close(link);
    snprintf(url, sizeof url, "postgresql://guarded:right-s3cret@%s/hongyan", folder_as_host());
    CHECK_INT(open_it(url), 0);
    snprintf(url, sizeof url, "postgresql://guarded:wrong-s3cret@%s/hongyan", folder_as_host());
    check_refused(url, HY_E_IO, "password authentication failed");
    snprintf(url, sizeof url, "postgresql://guarded:wrong-s3cret@%s/nowhere", folder_as_host());
    check_refused(url, HY_E_IO, "password authentication failed");
    check_refused("postgresql://guarded:s3cret@no-such-host.invalid/hongyan", HY_E_IO,
                  "no-such-host.invalid");
    check_refused("postgresql://guarded:s3cret@127.0.0.1:1/hongyan", HY_E_IO, "127.0.0.1");
    snprintf(url, sizeof url, "postgresql://hongyan@%s/no_such_database", folder_as_host());
    check_refused(url, HY_E_IO, "no_such_database");
}

/* libpq would take a part of the password for something else, and name it. */
static void urls_that_cannot_be_read(void)
{
    static const char *const urls[] = {
        "postgresql://u:s3cr/et@host/db",           "postgresql://u:s3cr@et@host/db",
        "postgresql://u:s3cr%zz@host/db",           "postgresql://u:s3cr/e?t@host/db",
        "postgresql://u:p@host/db?s3cret=1",        "postgresql://u:p@host/db?password",
        "postgresql://u:p@[::1/db?password=s3cret", "postgresql:s3cret",
        "postgresql:host=x password s3cret",        "postgresql://u:s3cr/et@ho@st/d?b",
        "host=127.0.0.1 password=s3cret",
    };

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        check_refused(urls[i], HY_E_INVALID, "postgresql://USER:PASSWORD@HOST");
}

static void databases_that_cannot_hold_a_store(void)
{
    struct hy_pg_link *link = pg_open(pg_url());

    hy_pg_script(link, "DROP DATABASE IF EXISTS latin");
    pg_script(
        link,
        "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    check_refused(pg_url_with("dbname=latin"), HY_E_INVALID, "LATIN1");
    pg_script(link, "DROP DATABASE latin");
    hy_pg_link_close(link);
}

int main(void)
{
    RUN(forms_of_urls);
    RUN(several_hosts);
    RUN(the_session_is_set_up);
    RUN(the_writer_plans_for_keys);
    RUN(passwords_are_not_told);
    RUN(urls_that_cannot_be_read);
    RUN(databases_that_cannot_hold_a_store);
    return hy_tap_end();
}
