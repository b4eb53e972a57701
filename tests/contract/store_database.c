#include "store_database.h"

#include "store/postgres/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct hy_pg_link *server; /* the database that is there already */
static struct hy_pg_link *ours;
static char name[64];

static bool done(struct hy_pg_link *link, int r, const char *what)
{
    if (r < 0)
        fprintf(stderr, "%s: %s\n", what, hy_pg_link_why(link));
    return r >= 0;
}

static bool open_link(const char *url, struct hy_pg_link **ret_link)
{
    char explain[300] = "";

    if (hy_pg_link_open(url, "contract", ret_link, explain, sizeof explain) == 0)
        return true;
    fprintf(stderr, "%s\n", explain);
    return false;
}

/* The last `dbname` counts. */
bool database_make(char *ret_location, size_t location_size)
{
    const char *url = getenv("HY_POSTGRES_URL");
    char sql[128];

    if (!url) {
        fprintf(stderr,
                "HY_POSTGRES_URL names no server: run it by tests/postgres/with-postgres\n");
        return false;
    }
    snprintf(name, sizeof name, "hycontract_%d", (int)getpid());
    snprintf(ret_location, location_size, "%s%cdbname=%s", url, strchr(url, '?') ? '&' : '?', name);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s", name);
    return open_link(url, &server) && done(server, hy_pg_script(server, sql), sql) &&
           open_link(ret_location, &ours);
}

/*
 * Some 4 ms. TRUNCATE of all takes 24 ms (each table and index gets a new file), a new database from a
 * template 120 ms. A table that has grown is truncated all the same, or it would be read again for every case.
 */
bool database_empty(void)
{
    static const char sql[] =
        "DO $$ DECLARE t regclass; BEGIN "
        "FOR t IN SELECT inhrelid FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = "
        "'r' "
        "AND relname NOT LIKE '%\\_rest' LOOP EXECUTE 'DROP TABLE ' || t; END LOOP; "
        "FOR t IN SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND "
        "relkind = 'r' AND relname <> 'schema_step' LOOP "
        "IF pg_relation_size(t) > 262144 THEN EXECUTE 'TRUNCATE ' || t; "
        "ELSE EXECUTE 'DELETE FROM ' || t; END IF; END LOOP; "
        "PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence; END $$";

    return !ours || done(ours, hy_pg_script(ours, sql), "emptying the database");
}

void database_drop(void)
{
    char sql[128];

    hy_pg_link_close(ours);
    ours = NULL;
    if (!server)
        return;
    snprintf(sql, sizeof sql, "DROP DATABASE %s", name);
    done(server, hy_pg_script(server, sql), sql);
    hy_pg_link_close(server);
    server = NULL;
}
