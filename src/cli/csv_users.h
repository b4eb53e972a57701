/*
 * csv_users.h - a table of users as lines of JSON, while it is read.
 *
 *   openid,thing1        (an empty line: line numbers stay as they are)
 *   o1,"Hi, you"   ->    {"user":"o1","data":{"thing1":"Hi, you"}}
 *   o2,                  {"user":"o2"}
 *
 * The first column is the user. A first line whose first cell is "openid", "open_id", "user" or
 * "touser" names the columns, and must when there is more than one. An empty cell leaves the value
 * to the broadcast.
 */
#ifndef HY_CLI_CSV_USERS_H
#define HY_CLI_CSV_USERS_H

#include "base/buf.h"
#include "cli/csv.h"

struct hy_csv_users {
    struct hy_csv csv;
    char *names[HY_CSV_CELLS_MAX]; /* of the columns; null ones are the first, or not named */
    size_t columns;                /* 0: nothing was read yet */
    int64_t written;               /* lines */
    char fault[256];               /* "line 7: ..."; "" while there is none */
};

void hy_csv_users_init(struct hy_csv_users *users);
void hy_csv_users_deinit(struct hy_csv_users *users);

/* Appends what `size` bytes amount to; 0 bytes: the text has ended. False: `fault` says why, and
 * what was appended up to here is good. */
bool hy_csv_users_take(struct hy_csv_users *users, const char *bytes, size_t size,
                       struct hy_buf *out);

#endif
