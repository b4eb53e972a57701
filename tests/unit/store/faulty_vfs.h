/*
 * faulty_vfs.h - a file layer below SQLite's users that fails at the n-th write, sync, open, truncate
 * or read, once or until it is lifted. Any thread of the store may be the one that it strikes.
 */
#ifndef HY_TESTS_UNIT_STORE_FAULTY_VFS_H
#define HY_TESTS_UNIT_STORE_FAULTY_VFS_H

#include <stdbool.h>

enum faulty_call {
    FAULTY_WRITE,
    FAULTY_HALF_WRITE, /* half of it is written, as by a disk that becomes full meanwhile */
    FAULTY_SYNC,
    FAULTY_OPEN,
    FAULTY_TRUNCATE,
    FAULTY_READ,
    FAULTY_MAP, /* of the log's shared memory */
    FAULTY_CALLS
};

/* Becomes the default layer. Before the first store is opened, once. */
void faulty_vfs_install(void);

/* The n-th call from now on, from 1, ends with `rc`; 0: only counts. */
void faulty_vfs_plan(enum faulty_call call, int rc, int nth, bool for_ever);
void faulty_vfs_lift(void);
int faulty_vfs_struck(void); /* times since the plan */

#endif
