/*
 * checkpoint.h - the thread that copies the write-ahead log back into the file.
 *
 * What makes the slow commits are checkpoints inside of them. So a thread with a connection of its
 * own does passive ones (they wait for nobody and hold nobody up) while the log grows, one for some
 * thousand pages and at most one every 20 ms; it sleeps while nothing is written. Only when the log
 * has STOP_PAGES nevertheless does the writer do one itself: it always ends, and the log starts
 * again from its beginning.
 */
#ifndef HY_STORE_SQLITE_CHECKPOINT_H
#define HY_STORE_SQLITE_CHECKPOINT_H

#include <sqlite3.h>

enum {
    HY_CHECKPOINT_START_PAGES = 4000, /* 16 MB */
    HY_CHECKPOINT_STOP_PAGES = 20000,
    HY_CHECKPOINT_WAIT_PAGES = 40000 /* the writer waits for the thread, should it be busy */
};

struct hy_checkpointer;

/* Hooks itself to the commits of `writer`; `path` is copied. */
int hy_checkpointer_start(const char *path, sqlite3 *writer,
                          struct hy_checkpointer **ret_checkpointer);
/* Before the writer's connection is closed. Null is legal. */
void hy_checkpointer_stop(struct hy_checkpointer *c);

#endif
