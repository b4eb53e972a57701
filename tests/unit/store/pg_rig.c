#include "pg_rig.h"

#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

const char *pg_url(void)
{
    const char *url = getenv("HY_POSTGRES_URL");

    if (!url) {
        printf("Bail out! run it by tests/postgres/with-postgres\n");
        exit(1);
    }
    return url;
}

const char *pg_url_with(const char *parameter)
{
    static char urls[4][400];
    static int turn;
    char *url = urls[turn++ % 4];

    snprintf(url, sizeof *urls, "%s%c%s", pg_url(), strchr(pg_url(), '?') ? '&' : '?', parameter);
    return url;
}

struct hy_pg_link *pg_open(const char *url)
{
    struct hy_pg_link *link = NULL;
    char explain[300] = "";

    if (hy_pg_link_open(url, "unit", &link, explain, sizeof explain) < 0)
        hy_tap_fail(__FILE__, __LINE__, "%s", explain);
    return link;
}

void pg_script(struct hy_pg_link *link, const char *text)
{
    int r = hy_pg_script(link, text);

    if (r < 0)
        hy_tap_fail(__FILE__, __LINE__, "%s: %s", text, hy_pg_link_why(link));
}

int64_t pg_number(struct hy_pg_link *link, const struct hy_pg_sql *sql)
{
    struct hy_pg_rows rows;
    int64_t number;

    hy_pg_args(link);
    CHECK_INT(hy_pg_run(link, sql, &rows), 0);
    CHECK(hy_pg_next(&rows));
    number = hy_pg_int(&rows, 0);
    hy_pg_rows_free(&rows);
    return number;
}

void pg_server(const char *what)
{
    const char *ctl = getenv("HY_POSTGRES_CTL");
    char command[300];

    CHECK(ctl != NULL);
    snprintf(command, sizeof command, "%s %s </dev/null", ctl, what);
    CHECK_INT(system(command), 0);
}

bool pg_mended(struct hy_pg_link *link)
{
    int64_t end_us = hy_clock_mono_us() + 20000000;

    while (hy_pg_link_mend(link) < 0) {
        if (hy_clock_mono_us() > end_us)
            return false;
        pg_sleep_ms(10);
    }
    return true;
}

void pg_sleep_ms(int ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&pause, NULL);
}
