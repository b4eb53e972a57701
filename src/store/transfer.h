/*
 * transfer.h - takes all that an SQLite file holds to PostgreSQL, so that one process becomes many nodes.
 *
 *     file      begun ----------- done              a mark in its table meta; serve refuses both
 *                 |                 ^
 *     rows        |  table by table |               each batch with its place, in one transaction
 *                 v                 |
 *     database  copying ------> complete            likewise; serve refuses the first
 *
 * Both marks name the same transfer, so what was cut short at any instant goes on where it was: nothing
 * is copied twice, and no other file gets in between. The file is not changed but for its mark, and keeps
 * its own lock meanwhile: it is the way back.
 *
 * Ids stay as they are, those of messages, apps and the like, and so does what is sealed: the master key is
 * that of the file. What was being sent (the process was killed) goes over as such; whoever holds its app
 * first settles it as an unanswered request.
 */
#ifndef HY_STORE_TRANSFER_H
#define HY_STORE_TRANSFER_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How far it is, in rows of all tables. */
struct hy_transfer_progress {
    const char *table; /* for people: "messages" */
    int64_t done, total;
};

struct hy_transfer_config {
    const char *from; /* the file's path */
    const char *to;   /* "postgresql://..." */
    /* Of the master key that the nodes will have; null: not compared. */
    const char *key_fingerprint;
    size_t batch_rows; /* 0 = as many as are good */
    /* Null: nobody looks. On the caller's thread, after every batch; false stops there (HY_E_STOPPED): the
     * next call goes on. */
    bool (*progress)(const struct hy_transfer_progress *progress, void *arg);
    void *arg;
};

/* One figure that both stores were asked for. */
struct hy_transfer_line {
    const char *what; /* "messages of shop, failed" */
    int64_t from, to;
};

struct hy_transfer_report {
    bool resumed;                   /* an earlier call was cut short */
    bool before;                    /* it was complete already: nothing was copied */
    int64_t rows;                   /* that this call copied */
    struct hy_transfer_line *lines; /* in the arena */
    size_t count;
    const char *to; /* as it may be shown: without a password */
};

/*
 * 0: the database is complete, every figure is the same on both sides, the file is marked. Errors, with what
 * to do in `ret_explain`:
 *   HY_E_INVALID   a location that is none; a server that is too old
 *   HY_E_NOT_FOUND there is no such file
 *   HY_E_BUSY      a server has the file open, or another transfer the database
 *   HY_E_DENIED    the file's secrets are sealed with another master key
 *   HY_E_CONFLICT  the file was moved elsewhere; or the database is not empty, and not the unfinished
 *                  transfer of this file
 *   HY_E_CORRUPT   the file is damaged, or a figure differs (the report has them): the database stays
 *                  incomplete
 *   HY_E_IO, HY_E_FULL, HY_E_NOMEM   call it again, it goes on
 */
int hy_transfer(const struct hy_transfer_config *config, struct hy_arena *arena,
                struct hy_transfer_report *ret_report, char *ret_explain, size_t explain_size);

/*
 * Takes the mark off the file, so that it can be served again: what happened in the other store since is not
 * in it. Where it had been taken to, or was about to, is in `ret_to` (any size). HY_E_NOT_FOUND (no file, or
 * it has no mark), HY_E_BUSY.
 */
int hy_transfer_undo(const char *path, char *ret_to, size_t to_size, char *ret_explain,
                     size_t explain_size);

#endif
