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
 */
#ifndef HY_STORE_BACKEND_H
#define HY_STORE_BACKEND_H

#include "store/store.h"

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
    int (*commit)(struct hy_backend *backend);
    void (*rollback)(struct hy_backend *backend);

    /* Optional: called by the writer's thread, outside of transactions, when it has worked and
     * nothing waits any more, and every second under load (checkpoints). Must be short: new work
     * may come at any moment. */
    void (*idle)(struct hy_backend *backend);

    /* Within the transaction of the verb that it is about, which ended with 0. */
    int (*audit)(struct hy_backend *backend, const struct hy_audit *audit);

    /* Optional: hy_store_backup(); `path` is the location without the prefix. */
    int (*backup)(const char *path, const char *to, char *ret_explain, size_t explain_size);

    hy_backend_verb *verbs[HY_VERB_COUNT]; /* all set */
};

extern const struct hy_backend_ops hy_backend_memory;
extern const struct hy_backend_ops hy_backend_sqlite;

/* As hy_store_open(), with a backend that is not in the front's table: decorators and tests. */
int hy_store_open_backend(const struct hy_backend_ops *ops, const char *path, bool inline_mode,
                          struct hy_store **ret_store, char *ret_explain, size_t explain_size);

#endif
