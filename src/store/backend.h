/*
 * backend.h - what a backend of the store has to be. Only src/store includes it.
 *
 * Plain blocking code. All writes come from one thread, between begin and commit; reads come from
 * the reader's thread through the handle of open_reader, or, where that is null, from the writer's
 * thread outside of transactions.
 *
 * A write verb checks before it writes: with a negative result it has changed nothing, except for
 * failures of the storage itself (HY_E_IO, HY_E_FULL, HY_E_CORRUPT, HY_E_NOMEM), after which the
 * front rolls the whole group back and runs its verbs again one at a time. So a verb may be called
 * twice; it reads only the inputs that its header names (the front restores ids that are in and
 * out). Arguments were checked by the front: store/verbs.h.
 *
 * Two more end a group, whichever verb has them: HY_E_BUSY (another process's transaction was in the way;
 * it is rolled back and may be run again) and HY_E_FENCED (this node was taken for dead).
 */
#ifndef HY_STORE_BACKEND_H
#define HY_STORE_BACKEND_H

#include "store/nodes.h"

struct hy_backend; /* each backend embeds what it needs behind its own cast */

typedef int hy_backend_verb(struct hy_backend *backend, struct hy_op *op);

struct hy_backend_ops {
    const char *name;   /* "sqlite" */
    const char *prefix; /* of the location: "sqlite:" */

    /* `path` is the location without the prefix. Opens and migrates; errors as hy_store_open(). */
    int (*open)(const char *path, struct hy_backend **ret_backend, char *ret_explain,
                size_t explain_size);
    void (*close)(struct hy_backend *backend);

    /* Optional: a second, reading handle on the same data, for another thread; closed by close. */
    int (*open_reader)(struct hy_backend *backend, struct hy_backend **ret_reader);

    /* One transaction around a group of write verbs. commit: 0, or an error after which nothing of
     * the group is stored (HY_E_UNCERTAIN: perhaps it is). */
    int (*begin)(struct hy_backend *backend);
    /* Optional: begin of a transaction that holds a verb of nodes.h and nothing else: it must run though
     * this node was taken for dead. Where null, begin. */
    int (*begin_unfenced)(struct hy_backend *backend);
    /* Optional: after begin, with the first verb of the group (hy_op.next; those that end with
     * HY_E_INVALID already are not run): what they all need may be read at once. An error is one of the
     * group's first verb: the storage failed. */
    int (*gather)(struct hy_backend *backend, struct hy_op *first);
    int (*commit)(struct hy_backend *backend);
    void (*rollback)(struct hy_backend *backend);

    /* Optional: called by the writer's thread, outside of transactions, when it has worked and
     * nothing waits any more, and every second under load (checkpoints). Must be short: new work
     * may come at any moment. */
    void (*idle)(struct hy_backend *backend);

    /* Optional, any thread: hy_store_stats.log_bytes. */
    int64_t (*log_bytes)(struct hy_backend *backend);

    /* Within the transaction of the verb that it is about, which ended with 0. */
    int (*audit)(struct hy_backend *backend, const struct hy_audit *audit);

    /* Optional: before reading verbs run; they all end with its error. */
    int (*before_reads)(struct hy_backend *reader);

    /* Optional, the second only with the first: other processes may use it, too. watch: hy_store_watch().
     * deliver: inline mode, tells what there is of news; true when there was any. */
    void (*watch)(struct hy_backend *backend, hy_store_news *tell, void *arg);
    bool (*deliver)(struct hy_backend *backend);

    /* Optional: hy_store_end_by(); another thread than those that use the backend. */
    void (*end_by)(struct hy_backend *backend, int64_t at_us);

    /* Optional: hy_store_backup(); `path` is the location without the prefix. */
    int (*backup)(const char *path, const char *to, char *ret_explain, size_t explain_size);

    /* All set, but for node_beat, node_leave, nodes and changes: a backend that one process uses leaves
     * them to the front (alone.c). */
    hy_backend_verb *verbs[HY_VERB_COUNT];
};

extern const struct hy_backend_ops hy_backend_memory;
extern const struct hy_backend_ops hy_backend_postgres;
extern const struct hy_backend_ops hy_backend_sqlite;

/* As hy_store_open(), with a backend that is not in the front's table: decorators and tests. */
int hy_store_open_backend(const struct hy_backend_ops *ops, const char *path, bool inline_mode,
                          struct hy_store **ret_store, char *ret_explain, size_t explain_size);

/* Inline mode, with a backend that is open already; the store closes it. */
int hy_store_open_on(const struct hy_backend_ops *ops, struct hy_backend *backend,
                     struct hy_store **ret_store);

#endif
