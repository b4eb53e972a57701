/*
 * logfile.h - the writer's write-ahead log, written in large pieces.
 *
 * SQLite writes each page of a commit with two calls, 24 bytes and 4096. All of them follow each
 * other, and nobody reads them before the sync that ends the commit: so they are gathered here and
 * written with one call. A commit of one message has eight pages and costs a fifth less CPU;
 * measured with bench/store_bench.c.
 *
 * What makes this safe: with synchronous = FULL every commit syncs the log before it shows its
 * pages to other connections (the index of the log is in shared memory, and changed after the
 * sync). The sync writes what was gathered first, and a write that fails makes the sync fail, and
 * with it the commit. Anything else that is done with the file writes it first, too.
 */
#ifndef HY_STORE_SQLITE_LOGFILE_H
#define HY_STORE_SQLITE_LOGFILE_H

/* For sqlite3_open_v2(): the default file layer but for the log. */
#define HY_LOGFILE_VFS "hongyan-log"

/* Registers it, once in the process; an SQLite code. */
int hy_logfile_register(void);

#endif
