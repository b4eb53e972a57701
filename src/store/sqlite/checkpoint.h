/*
 * checkpoint.h - copies the write-ahead log back into the file, and keeps it small.
 *
 * What makes the slow commits are checkpoints inside of them. So a thread with a connection of its
 * own does passive ones (they wait for nobody and hold nobody up) while the log grows, one for some
 * thousand pages and at most one every 20 ms; it sleeps while nothing is written.
 *
 * That copies, but under load the log does not begin again from its beginning: for that a commit has
 * to find all of it copied, and nobody who reads from it. So from
 *
 *   stop_pages   on the writer does a short one itself after a commit and tries its luck, every
 *                step_pages; each try fails when somebody reads at that very moment,
 *   limit_pages  on it waits: for the thread, and readers_ms at most for those who read.
 *
 * So the log has limit_pages and what one transaction writes, at most, unless somebody reads one
 * state of the file for longer than readers_ms: the store's own reading verbs do not, a backup does,
 * or another program. Then it grows by what is written meanwhile, and begins again afterwards.
 *
 * Trying alone was not enough: on a machine with twice as much work as processors there was nearly
 * always a reader in the middle of something, and the log reached 272 MB by tries 16 MB apart.
 */
#ifndef HY_STORE_SQLITE_CHECKPOINT_H
#define HY_STORE_SQLITE_CHECKPOINT_H

#include <sqlite3.h>
#include <stdint.h>

enum { HY_LOG_PAGE_BYTES = 4096 + 24 };

struct hy_checkpoint_limits {
    int start_pages; /* before, nothing is copied; more than that left is not copied by the writer
                        unless it has to */
    int step_pages;
    int stop_pages;
    int limit_pages;
    int readers_ms;
};

/* 16, 4, 80 and 128 MB, a second: what a store uses. */
extern const struct hy_checkpoint_limits hy_checkpoint_limits;

struct hy_checkpointer;

/* Hooks itself to the commits of `writer`, whose busy timeout is HY_SQLITE_BUSY_MS; `path` and
 * `limits` are copied. */
int hy_checkpointer_start(const char *path, sqlite3 *writer,
                          const struct hy_checkpoint_limits *limits,
                          struct hy_checkpointer **ret_checkpointer);
/* Before the writer's connection is closed. Null is legal. */
void hy_checkpointer_stop(struct hy_checkpointer *c);

/* What the log holds, not how large its file is. Any thread. */
int64_t hy_checkpointer_log_bytes(struct hy_checkpointer *c);

#endif
