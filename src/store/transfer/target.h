/*
 * target.h - the database that is written: its state, and where the transfer is.
 */
#ifndef HY_STORE_TRANSFER_TARGET_H
#define HY_STORE_TRANSFER_TARGET_H

#include "store/postgres/link.h"
#include "store/sqlite/moved.h"
#include "store/transfer/tables.h"

enum hy_target_state {
    HY_TARGET_EMPTY,
    HY_TARGET_COPYING,
    HY_TARGET_COMPLETE, /* by a transfer */
    HY_TARGET_USED      /* there is something, and no transfer brought it */
};

enum { HY_TRANSFER_TITLE_BYTES = 64 };

struct hy_target {
    struct hy_pg_link *link;
    enum hy_target_state state;
    char id[HY_MOVE_ID_CHARS + 1];       /* of the transfer */
    char title[HY_TRANSFER_TITLE_BYTES]; /* the table that it is at */
    int64_t rows;                        /* of that table, that are there */
    struct hy_pg_args *batch;
};

/* Connects, locks out other transfers, brings the schema up to date, reads the state. Close it in any case. */
int hy_target_open(struct hy_target *t, const char *url, char *ret_explain, size_t explain_size);
void hy_target_close(struct hy_target *t);

/* The first place, in an empty database. */
int hy_target_begin(struct hy_target *t, const char *id);

/* A batch: between the two, rows are put (hy_source_put()). The rows and the new place are one transaction. */
struct hy_pg_args *hy_target_batch(struct hy_target *t, const char *types);
int hy_target_write(struct hy_target *t, const struct hy_pg_sql *sql, const char *title,
                    int64_t rows);

/* Makes the partitions for messages of the weeks of these ids, the newest two years of them: what is older
 * has none of its own. */
int hy_target_make_weeks(struct hy_target *t, int64_t first_id, int64_t last_id);

int hy_target_set(struct hy_target *t, const char *sql, int64_t number, struct hy_arena *arena);
/* So that the first query is planned well. May take minutes. */
int hy_target_analyze(struct hy_target *t);
int hy_target_complete(struct hy_target *t);

/* Calls `each` with the name and number of every row. */
int hy_target_figures(struct hy_target *t, const char *sql, struct hy_arena *arena,
                      void (*each)(const char *what, int64_t number, void *arg), void *arg);

#endif
