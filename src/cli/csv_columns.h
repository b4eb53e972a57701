/*
 * csv_columns.h - what the columns of a table of users are called.
 *
 * The first column is the user. A first line whose first cell is "openid", "open_id", "user" or
 * "touser" names the columns, and must when there is more than one, unless they were told: files of
 * tools that write no such line.
 */
#ifndef HY_CLI_CSV_COLUMNS_H
#define HY_CLI_CSV_COLUMNS_H

#include "cli/csv.h"

enum { HY_CSV_FAULT_BYTES = 200 };

struct hy_csv_columns {
    char *names[HY_CSV_CELLS_MAX]; /* null ones are the first, or not named */
    size_t count;                  /* 0: nothing is known yet */
    bool told;                     /* by hy_csv_columns_tell() */
    bool begun;                    /* a line was looked at */
};

/* Zeroed memory is a good beginning. */
void hy_csv_columns_deinit(struct hy_csv_columns *columns);

/* "openid,thing1": the names. False: out of memory, too many, or one is there twice. */
bool hy_csv_columns_tell(struct hy_csv_columns *columns, const char *text,
                         char fault[HY_CSV_FAULT_BYTES]);

enum hy_csv_line {
    HY_CSV_LINE_USER,
    HY_CSV_LINE_NONE, /* the names, or a line with nothing on it */
    HY_CSV_LINE_FAULT /* `fault` says what */
};

/* What a record is. */
enum hy_csv_line hy_csv_columns_look(struct hy_csv_columns *columns, const struct hy_csv *csv,
                                     char fault[HY_CSV_FAULT_BYTES]);

/* The name of a column after the first one; "" when it has none. */
const char *hy_csv_columns_name(const struct hy_csv_columns *columns, size_t index);

/* A name that means a permission and no data: "form_id" or "prepay_id"; else null. */
const char *hy_csv_columns_kind(const char *name);

/* `text` without the blanks around it, in memory of its own; null when there is none. */
char *hy_csv_trimmed(const char *text);

#endif
