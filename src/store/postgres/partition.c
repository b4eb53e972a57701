#include "store/postgres/partition.h"

#include "base/clock.h"
#include "store/postgres/ask.h"

enum { SOON_US = 1000000, LATER_US = 60000000 };
static const int64_t week_ms = 7 * 86400000;

int hy_pg_week_at(int64_t ms)
{
    int64_t since_ms = ms - hy_message_id_ms(0);

    return since_ms > 0 ? (int)(since_ms / week_ms) : 0;
}

int hy_pg_week_of(int64_t message_id)
{
    return hy_pg_week_at(hy_message_id_ms(message_id));
}

int hy_pg_weeks_make(struct hy_pg *pg, int from_week, int until_week, bool *ret_more)
{
    static const struct hy_pg_sql sql = {"weeks_make",
                                         "SELECT weeks_make($1::integer, $2::integer)"};
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int64_t more = 0;
    int r;

    hy_pg_put_int(args, from_week);
    hy_pg_put_int(args, until_week);
    r = hy_pg_ask(pg->link, &sql, &more);
    *ret_more = more > 0;
    return r;
}

/* A backup that runs for hours is in the way of making one, and whoever waits for its locks would make others
 * wait: so it is tried rarely, and long before. */
void hy_pg_weeks_keep(struct hy_pg *pg)
{
    static const struct hy_pg_sql ahead = {
        "weeks_ahead",
        "SELECT weeks_make(w, w + 2) FROM (SELECT floor(extract(epoch FROM clock_timestamp() - "
        "timestamptz '2024-01-01 00:00:00Z') / 604800)::integer AS w) t"};
    int64_t more = 0;

    if (pg->node == 0 || hy_clock_mono_us() < pg->weeks_next_us || !hy_pg_link_good(pg->link))
        return;
    hy_pg_args(pg->link);
    if (hy_pg_ask(pg->link, &ahead, &more) < 0)
        more = 0;
    pg->weeks_next_us = hy_clock_mono_us() + (more > 0 ? SOON_US : LATER_US);
}
