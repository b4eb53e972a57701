/*
 * sqlite_rig.h - a directory for database files, and the verbs that the tests of the SQLite backend
 * need. Each helper ends the test when something goes wrong that it does not return.
 */
#ifndef HY_TESTS_UNIT_STORE_SQLITE_RIG_H
#define HY_TESTS_UNIT_STORE_SQLITE_RIG_H

#include "tap.h"

#include "base/err.h"
#include "store/apps.h"
#include "store/grants.h"
#include "store/messages.h"

#include <sqlite3.h>

extern char rig_explain[400]; /* of the last rig_try_open() */

/* Makes a directory; removes it with all that is in it. */
void rig_begin(void);
void rig_end(void);

/* A file in it; a static buffer for each `name` of "a.db" to "d.db". */
const char *rig_path(const char *name);

int rig_try_open(const char *path, bool inline_mode, struct hy_store **ret_store);
struct hy_store *rig_open(const char *path);

/* Runs SQL on a file that no store has open. */
void rig_sql(const char *path, const char *sql);
int64_t rig_sql_int(const char *path, const char *sql);

int64_t rig_app(struct hy_store *store);
/* One message to `user`, at once, to be tried without a grant: the verb's result. */
int rig_admit(struct hy_store *store, int64_t app, int64_t id, const char *user, int64_t now_ms);
int rig_state(struct hy_store *store, int64_t id); /* or an error */
/* The number of findings; the first one is in rig_explain. */
size_t rig_check(struct hy_store *store);

/* Opening ends with that error, and those words are in the explanation. */
void rig_refused(const char *path, int expected, const char *expected_words);

#endif
