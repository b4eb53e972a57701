/*
 * A copy of a store beside a server that may be using it.
 *
 * VACUUM INTO reads one state of the file, as any reader of the log does: nobody waits for it. While it
 * lasts the log cannot start again from its beginning, so it grows by what is written meanwhile. The
 * copy is made under another name, and gets its own when it is whole and on the disk.
 */
#include "base/err.h"
#include "store/sqlite/explain.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/query.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

struct backing_up {
    const char *path, *to;
    char temporary[PATH_BYTES];
    int fd; /* of the temporary file; -1 = none */
    sqlite3 *db;
    char *explain;
    size_t explain_size;
};

static int fail(struct backing_up *b, int error, const char *what, const char *path,
                const char *why)
{
    snprintf(b->explain, b->explain_size, "%s %s: %s", what, path, why);
    return error;
}

static int fail_file(struct backing_up *b, const char *what, const char *path)
{
    int fault = errno;
    int r = fault == ENOSPC || fault == EDQUOT ? HY_E_FULL
            : fault == ENOENT                  ? HY_E_NOT_FOUND
            : fault == EEXIST                  ? HY_E_EXISTS
                                               : HY_E_IO;

    return fail(b, r, what, path, strerror(fault));
}

static int fail_sqlite(struct backing_up *b, int rc)
{
    int r = hy_sqlite_explain(b->db, rc, "copying", b->explain, b->explain_size);

    return r == HY_E_BUSY ? HY_E_IO : r;
}

/* Only asked, not opened: to close a file that this process has a store on would end SQLite's locks. */
static int look_at_names(struct backing_up *b)
{
    struct stat st;

    if (stat(b->path, &st) < 0)
        return fail_file(b, "no store at", b->path);
    if (lstat(b->to, &st) == 0)
        return fail(b, HY_E_EXISTS, "will not write over", b->to, "give a name that is free");
    if (errno != ENOENT)
        return fail_file(b, "cannot write to", b->to);
    return 0;
}

static int make_temporary(struct backing_up *b)
{
    int size = snprintf(b->temporary, sizeof b->temporary, "%s.part-XXXXXX", b->to);

    if (size < 0 || (size_t)size >= sizeof b->temporary) {
        b->temporary[0] = 0;
        return fail(b, HY_E_INVALID, "cannot write to", b->to, "the name is too long");
    }
    b->fd = mkostemp(b->temporary, O_CLOEXEC); /* 0600 */
    if (b->fd >= 0)
        return 0;
    b->temporary[0] = 0;
    return fail_file(b, "cannot write to", b->to);
}

/* --- copying ---------------------------------------------------------------------------------- */

static int open_source(struct backing_up *b)
{
    int rc = sqlite3_open_v2(b->path, &b->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_extended_result_codes(b->db, 1);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(b->db, 5000);
    if (rc != SQLITE_OK)
        return fail_sqlite(b, rc);
    return hy_sqlite_identify_ours(b->db, b->explain, b->explain_size);
}

static int copy(struct backing_up *b)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(b->db, "VACUUM INTO ?1", -1, &stmt, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(stmt, 1, b->temporary, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
    if (rc != SQLITE_OK) {
        int r = fail_sqlite(b, rc);

        sqlite3_finalize(stmt);
        return r;
    }
    sqlite3_finalize(stmt);
    return 0;
}

/* --- the name --------------------------------------------------------------------------------- */

/* A link takes no name that is taken. File systems without links have to trust one look. */
static int give_name(struct backing_up *b)
{
    struct stat st;

    if (link(b->temporary, b->to) == 0) {
        unlink(b->temporary);
        return 0;
    }
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
        return fail_file(b, "cannot write to", b->to);
    if (lstat(b->to, &st) == 0)
        return fail(b, HY_E_EXISTS, "will not write over", b->to, "give a name that is free");
    return rename(b->temporary, b->to) < 0 ? fail_file(b, "cannot write to", b->to) : 0;
}

static int sync_folder(struct backing_up *b)
{
    char name[PATH_BYTES];
    int fd, r;

    snprintf(name, sizeof name, "%s", b->to);
    fd = open(dirname(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_file(b, "cannot sync the folder of", b->to);
    r = fsync(fd) < 0 && errno != EINVAL ? fail_file(b, "cannot sync the folder of", b->to) : 0;
    close(fd);
    return r;
}

static int finish(struct backing_up *b)
{
    int r;

    if (fsync(b->fd) < 0)
        return fail_file(b, "cannot write to", b->to);
    r = give_name(b);
    if (r < 0)
        return r;
    b->temporary[0] = 0;
    r = sync_folder(b);
    if (r < 0)
        unlink(b->to);
    return r;
}

int hy_sqlite_backup(const char *path, const char *to, char *ret_explain, size_t explain_size)
{
    struct backing_up b = {
        .path = path, .to = to, .fd = -1, .explain = ret_explain, .explain_size = explain_size};
    int r = look_at_names(&b);

    if (r == 0)
        r = open_source(&b);
    if (r == 0)
        r = make_temporary(&b);
    if (r == 0)
        r = copy(&b);
    sqlite3_close(b.db);
    if (r == 0)
        r = finish(&b);
    if (b.fd >= 0)
        close(b.fd);
    if (b.temporary[0])
        unlink(b.temporary);
    return r;
}
