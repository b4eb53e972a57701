#include "store/sqlite/explain.h"

#include "base/err.h"
#include "store/sqlite/query.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_full(int fault)
{
    return fault == ENOSPC || fault == EDQUOT || fault == EFBIG;
}

/* A quota, or the shared memory beside the log, is no SQLITE_FULL to SQLite. */
int hy_sqlite_fault(sqlite3 *db, int rc)
{
    int r = hy_sqlite_err(rc);

    return r == HY_E_IO && db && is_full(sqlite3_system_errno(db)) ? HY_E_FULL : r;
}

static const char *advice(int r, int rc)
{
    switch (r) {
    case HY_E_CORRUPT:
        return (rc & 0xff) == SQLITE_NOTADB
                   ? "; this is no database: choose another path, or put back a copy that hongyan "
                     "backup made"
                   : "; the file is damaged: see what hongyan check says, and put back a copy that "
                     "hongyan backup made";
    case HY_E_FULL: return "; the disk is full: free some space, nothing that was accepted is lost";
    case HY_E_BUSY: return "; another program holds the file: end it, and start again";
    case HY_E_NOMEM: return "";
    default:
        return "; the file and its folder have to be on a local disk, where this user may write";
    }
}

int hy_sqlite_explain(sqlite3 *db, int rc, const char *doing, char *ret_explain,
                      size_t explain_size)
{
    const char *path = db ? sqlite3_db_filename(db, "main") : NULL;
    int r = hy_sqlite_fault(db, rc);

    snprintf(ret_explain, explain_size, "%s%s%s: %s%s", path && *path ? path : "",
             path && *path ? ": " : "", doing, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc),
             advice(r, rc));
    return r;
}

int hy_sqlite_explain_file(const char *path, int fault, char *ret_explain, size_t explain_size)
{
    int r = is_full(fault) ? HY_E_FULL : HY_E_IO;

    snprintf(ret_explain, explain_size, "cannot open %s: %s%s", path, strerror(fault),
             r == HY_E_FULL    ? "; free some space"
             : fault == ENOENT ? "; make its folder, or choose another path"
             : fault == EMFILE ? "; raise the limit of open files"
             : fault == EACCES || fault == EPERM || fault == EROFS
                 ? "; this user has to be allowed to write the file, and in its folder"
                 : "");
    return r;
}
