/*
 * csv_users.h - a table of users as lines of JSON, while it is read.
 *
 *   openid,thing1        (an empty line: line numbers stay as they are)
 *   o1,"Hi, you"   ->    {"user":"o1","data":{"thing1":"Hi, you"}}
 *   o2,                  {"user":"o2"}
 *
 * Columns: cli/csv_columns.h. An empty cell leaves the value to the broadcast. A column of form_ids or
 * prepay_ids is no data and passed over: `hongyan grant import` takes it.
 */
#ifndef HY_CLI_CSV_USERS_H
#define HY_CLI_CSV_USERS_H

#include "base/buf.h"
#include "cli/csv.h"
#include "cli/csv_columns.h"

struct hy_csv_users {
    struct hy_csv csv;
    struct hy_csv_columns columns; /* told before the first take, or found */
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
