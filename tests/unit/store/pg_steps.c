#include "pg_steps.h"

const struct hy_pg_step first[] = {FIRST, {0}};
const struct hy_pg_step second[] = {FIRST, ADDS, {0}};
const struct hy_pg_step third[] = {FIRST, ADDS, TAKES, {0}};

struct hy_pg_link *pg;
char explain[400];
bool put_off;

void fresh(void)
{
    hy_pg_link_close(pg);
    pg = NULL;
    pg = pg_open(pg_url());
    pg_script(pg, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
}

int migrate(const struct hy_pg_step *steps)
{
    explain[0] = 0;
    return hy_pg_migrate(pg, steps, &put_off, explain, sizeof explain);
}

int64_t newest(void)
{
    static const struct hy_pg_sql sql = {"newest",
                                         "SELECT coalesce(max(number), 0) FROM schema_step"};

    return pg_number(pg, &sql);
}

bool has_column(const char *name)
{
    static const struct hy_pg_sql sql = {
        "has_column",
        "SELECT FROM pg_attribute WHERE attrelid = 'thing'::regclass AND attname = $1"};
    struct hy_pg_rows rows;
    bool has;

    hy_pg_put_text(hy_pg_args(pg), name);
    CHECK_INT(hy_pg_run(pg, &sql, &rows), 0);
    has = rows.count == 1;
    hy_pg_rows_free(&rows);
    return has;
}

int64_t count_nodes(void)
{
    static const struct hy_pg_sql sql = {"count_nodes", "SELECT count(*) FROM node"};

    return pg_number(pg, &sql);
}

void add_node(int64_t node, int schema, int ms)
{
    static const struct hy_pg_sql sql = {
        "add_node",
        "INSERT INTO node (node, schema, lease_until_ms) VALUES ($1, $2, (extract(epoch FROM "
        "clock_timestamp()) * 1000)::int8 + $3)"};
    struct hy_pg_args *args = hy_pg_args(pg);

    hy_pg_put_int(args, node);
    hy_pg_put_int(args, schema);
    hy_pg_put_int(args, ms);
    CHECK_INT(hy_pg_run(pg, &sql, NULL), 0);
}
