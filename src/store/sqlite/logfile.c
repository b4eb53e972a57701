#include "store/sqlite/logfile.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

/* Below 128 KiB: SQLite's own file layer takes only 17 bits of a count. */
enum { GATHER_BYTES = 120 * 1024 };

struct log_file {
    sqlite3_file base;
    sqlite3_file *real; /* follows in the same piece of memory */
    sqlite3_int64 at;   /* where in the file the gathered bytes belong */
    int count;
    char *gathered;
};

static struct log_file *log_of(sqlite3_file *file)
{
    return (struct log_file *)(void *)file;
}

/* Whatever becomes of it, nothing is gathered afterwards: a commit that failed is done again from
 * where it began. */
static int flush(struct log_file *f)
{
    int count = f->count;

    f->count = 0;
    return count > 0 ? f->real->pMethods->xWrite(f->real, f->gathered, count, f->at) : SQLITE_OK;
}

static int log_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at)
{
    struct log_file *f = log_of(file);
    bool follows = f->count > 0 && at == f->at + f->count;
    int rc = SQLITE_OK;

    if (!follows || count > GATHER_BYTES - f->count)
        rc = flush(f);
    if (rc != SQLITE_OK)
        return rc;
    if (count > GATHER_BYTES)
        return f->real->pMethods->xWrite(f->real, bytes, count, at);
    if (f->count == 0)
        f->at = at;
    memcpy(f->gathered + f->count, bytes, (size_t)count);
    f->count += count;
    return SQLITE_OK;
}

static int log_read(sqlite3_file *file, void *into, int count, sqlite3_int64 at)
{
    struct log_file *f = log_of(file);
    int rc = flush(f);

    return rc == SQLITE_OK ? f->real->pMethods->xRead(f->real, into, count, at) : rc;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct log_file *f = log_of(file);
    int rc = flush(f);

    return rc == SQLITE_OK ? f->real->pMethods->xTruncate(f->real, size) : rc;
}

static int log_sync(sqlite3_file *file, int flags)
{
    struct log_file *f = log_of(file);
    int rc = flush(f);

    return rc == SQLITE_OK ? f->real->pMethods->xSync(f->real, flags) : rc;
}

static int log_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    struct log_file *f = log_of(file);
    int rc = flush(f);

    return rc == SQLITE_OK ? f->real->pMethods->xFileSize(f->real, ret_size) : rc;
}

static int log_close(sqlite3_file *file)
{
    struct log_file *f = log_of(file);
    int flushed = flush(f), rc = f->real->pMethods->xClose(f->real);

    sqlite3_free(f->gathered);
    f->gathered = NULL;
    return rc == SQLITE_OK ? flushed : rc;
}

/* --- passed on -------------------------------------------------------------------------------- */

static int log_lock(sqlite3_file *file, int level)
{
    return log_of(file)->real->pMethods->xLock(log_of(file)->real, level);
}

static int log_unlock(sqlite3_file *file, int level)
{
    return log_of(file)->real->pMethods->xUnlock(log_of(file)->real, level);
}

static int log_check_lock(sqlite3_file *file, int *ret_locked)
{
    return log_of(file)->real->pMethods->xCheckReservedLock(log_of(file)->real, ret_locked);
}

static int log_control(sqlite3_file *file, int op, void *arg)
{
    return log_of(file)->real->pMethods->xFileControl(log_of(file)->real, op, arg);
}

static int log_sector_size(sqlite3_file *file)
{
    return log_of(file)->real->pMethods->xSectorSize(log_of(file)->real);
}

static int log_characteristics(sqlite3_file *file)
{
    return log_of(file)->real->pMethods->xDeviceCharacteristics(log_of(file)->real);
}

static const sqlite3_io_methods log_methods = {.iVersion = 1,
                                               .xClose = log_close,
                                               .xRead = log_read,
                                               .xWrite = log_write,
                                               .xTruncate = log_truncate,
                                               .xSync = log_sync,
                                               .xFileSize = log_size,
                                               .xLock = log_lock,
                                               .xUnlock = log_unlock,
                                               .xCheckReservedLock = log_check_lock,
                                               .xFileControl = log_control,
                                               .xSectorSize = log_sector_size,
                                               .xDeviceCharacteristics = log_characteristics};

/* --- the file layer --------------------------------------------------------------------------- */

static int open_log(sqlite3_vfs *below, const char *name, struct log_file *f, int flags,
                    int *ret_flags)
{
    int rc;

    memset(f, 0, sizeof *f);
    f->real = (sqlite3_file *)(void *)(f + 1);
    f->gathered = (char *)sqlite3_malloc(GATHER_BYTES);
    if (!f->gathered)
        return SQLITE_NOMEM;
    rc = below->xOpen(below, name, f->real, flags, ret_flags);
    if (rc != SQLITE_OK) {
        sqlite3_free(f->gathered);
        return rc;
    }
    f->base.pMethods = &log_methods;
    return SQLITE_OK;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *ret_flags)
{
    sqlite3_vfs *below = (sqlite3_vfs *)vfs->pAppData;

    if (flags & SQLITE_OPEN_WAL)
        return open_log(below, name, log_of(file), flags, ret_flags);
    return below->xOpen(below, name, file, flags, ret_flags);
}

/* Every other method is that of the default layer: those take it from its own arguments. */
int hy_logfile_register(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);

    if (!below)
        return SQLITE_ERROR;
    vfs = *below;
    vfs.pNext = NULL;
    vfs.zName = HY_LOGFILE_VFS;
    vfs.szOsFile = below->szOsFile + (int)sizeof(struct log_file);
    vfs.pAppData = below;
    vfs.xOpen = vfs_open;
    return sqlite3_vfs_register(&vfs, 0);
}
