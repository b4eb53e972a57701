#include "store/postgres/unfinished.h"

#include "base/err.h"

#include <stdio.h>

int hy_pg_refuse_unfinished(struct hy_pg_link *link, char *ret_explain, size_t explain_size)
{
    static const struct hy_pg_sql sql = {"unfinished",
                                         "SELECT FROM meta WHERE name = '" HY_PG_UNFINISHED_META
                                         "' AND value LIKE '" HY_PG_UNFINISHED_STATE " %'"};
    struct hy_pg_rows rows;
    bool unfinished;
    int r;

    hy_pg_args(link);
    r = hy_pg_run(link, &sql, &rows);
    unfinished = r == 0 && hy_pg_next(&rows);
    hy_pg_rows_free(&rows);
    if (r < 0)
        snprintf(ret_explain, explain_size, "%s", hy_pg_link_why(link));
    if (r < 0 || !unfinished)
        return r;
    snprintf(ret_explain, explain_size,
             "this database holds a part of another store: hongyan migrate-store was cut short; "
             "run it again, it "
             "goes on where it was");
    return HY_E_CONFLICT;
}
