#include "faulty_vfs.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>

struct file {
    sqlite3_file base;
    sqlite3_file *real; /* follows in the same piece of memory */
};

static sqlite3_vfs *below;
static atomic_int planned_call, planned_rc, planned_nth, passed, struck;
static atomic_bool for_ever, active;

void faulty_vfs_plan(enum faulty_call call, int rc, int nth, bool until_lifted)
{
    active = false;
    planned_call = (int)call;
    planned_rc = rc;
    planned_nth = nth;
    for_ever = until_lifted;
    passed = struck = 0;
    active = nth > 0;
}

void faulty_vfs_lift(void)
{
    active = false;
}

int faulty_vfs_struck(void)
{
    return struck;
}

static int strikes(enum faulty_call call)
{
    int n;

    if (!active || planned_call != (int)call)
        return SQLITE_OK;
    n = atomic_fetch_add(&passed, 1) + 1;
    if (for_ever ? n < planned_nth : n != planned_nth)
        return SQLITE_OK;
    atomic_fetch_add(&struck, 1);
    return planned_rc;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct file *)(void *)file)->real;
}

/* --- methods that may fail -------------------------------------------------------------------- */

static int write_bytes(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at)
{
    sqlite3_file *real = real_of(file);
    int rc = strikes(FAULTY_WRITE);

    if (rc != SQLITE_OK)
        return rc;
    rc = strikes(FAULTY_HALF_WRITE);
    if (rc != SQLITE_OK) {
        real->pMethods->xWrite(real, bytes, count / 2, at);
        return rc;
    }
    return real->pMethods->xWrite(real, bytes, count, at);
}

static int sync_file(sqlite3_file *file, int flags)
{
    int rc = strikes(FAULTY_SYNC);

    return rc != SQLITE_OK ? rc : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    int rc = strikes(FAULTY_TRUNCATE);

    return rc != SQLITE_OK ? rc : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int read_bytes(sqlite3_file *file, void *into, int count, sqlite3_int64 at)
{
    int rc = strikes(FAULTY_READ);

    return rc != SQLITE_OK ? rc : real_of(file)->pMethods->xRead(real_of(file), into, count, at);
}

static int shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **ret_at)
{
    int rc = strikes(FAULTY_MAP);

    return rc != SQLITE_OK
               ? rc
               : real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, ret_at);
}

/* --- passed on -------------------------------------------------------------------------------- */

static int close_file(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}

static int lock_file(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int unlock_file(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int check_lock(sqlite3_file *file, int *ret_locked)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_locked);
}

static int control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = close_file,
                                           .xRead = read_bytes,
                                           .xWrite = write_bytes,
                                           .xTruncate = truncate_file,
                                           .xSync = sync_file,
                                           .xFileSize = file_size,
                                           .xLock = lock_file,
                                           .xUnlock = unlock_file,
                                           .xCheckReservedLock = check_lock,
                                           .xFileControl = control,
                                           .xSectorSize = sector_size,
                                           .xDeviceCharacteristics = characteristics,
                                           .xShmMap = shm_map,
                                           .xShmLock = shm_lock,
                                           .xShmBarrier = shm_barrier,
                                           .xShmUnmap = shm_unmap};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    struct file *f = (struct file *)(void *)file;
    int rc = strikes(FAULTY_OPEN);

    (void)vfs;
    memset(f, 0, sizeof *f);
    if (rc != SQLITE_OK)
        return rc;
    f->real = (sqlite3_file *)(void *)(f + 1);
    rc = below->xOpen(below, name, f->real, flags, ret_flags);
    if (rc == SQLITE_OK)
        f->base.pMethods = &methods;
    return rc;
}

void faulty_vfs_install(void)
{
    static sqlite3_vfs vfs;

    sqlite3_initialize();
    below = sqlite3_vfs_find(NULL);
    vfs = *below;
    vfs.pNext = NULL;
    vfs.zName = "faulty";
    vfs.szOsFile = below->szOsFile + (int)sizeof(struct file);
    vfs.xOpen = open_file;
    sqlite3_vfs_register(&vfs, 1);
}
