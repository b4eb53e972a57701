#include "store/postgres/check.h"

#include "base/err.h"
#include "store/postgres/ask.h"
#include "store/postgres/postgres.h"

enum { FINDINGS_MAX = 100 };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int check_rule(struct hy_pg *pg, struct hy_check *v, const struct hy_pg_rule *rule)
{
    struct hy_pg_rows rows;
    int r;

    hy_pg_args(pg->link);
    r = hy_pg_run(pg->link, &rule->sql, &rows);
    while (r == 0 && v->count < FINDINGS_MAX && hy_pg_next(&rows))
        v->findings[v->count++] = (const char *)hy_mem_must(
            hy_arena_printf(v->arena, rule->sentence, (long long)hy_pg_int(&rows, 0),
                            (long long)hy_pg_int(&rows, 1)));
    hy_pg_rows_free(&rows);
    return r;
}
#pragma GCC diagnostic pop

int hy_pg_check(struct hy_backend *backend, struct hy_op *op)
{
    /* Of many millions it takes as long as it takes; whoever waits for an answer still hears of a server that is
     * gone. */
    static const struct hy_pg_sql patience = {"check_patience",
                                              "SELECT set_config('work_mem', '64MB', true)"};
    struct hy_pg *pg = hy_pg(backend);
    struct hy_check *v = (struct hy_check *)op;
    int r;

    v->count = 0;
    v->findings = (const char **)hy_mem_copy_array(v->arena, FINDINGS_MAX, sizeof *v->findings);
    hy_pg_snapshot(pg->link);
    hy_pg_args(pg->link);
    r = hy_pg_run(pg->link, &patience, NULL);
    for (const struct hy_pg_rule *rule = hy_pg_rules; rule->sentence && r == 0; rule++)
        r = check_rule(pg, v, rule);
    r = hy_pg_snapshot_end(pg->link, r);
    return r == 0 && v->count > 0 ? HY_E_CORRUPT : r;
}
