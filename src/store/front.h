/*
 * front.h - the insides of the front, shared by its files: store.c (threads, queues, opening and
 * closing), group.c (running what was queued) and alone.c (the only node of a store).
 */
#ifndef HY_STORE_FRONT_H
#define HY_STORE_FRONT_H

#include "store/backend.h"

#include <pthread.h>
#include <stdatomic.h>

/* First in, first out, through hy_op.next. */
struct hy_queue {
    struct hy_op *first;
    struct hy_op **end; /* where the next one is put */
};

/* A thread and what it waits for. */
struct hy_worker {
    struct hy_queue queue;
    pthread_cond_t wake;
    pthread_t thread;
    bool started;
    bool asleep; /* waits on `wake`: only then a submit has to pay for a signal */
};

struct hy_store {
    const struct hy_backend_ops *ops;
    struct hy_backend *backend;
    struct hy_backend *reader; /* null: reads run on the writer's thread, too */
    bool inline_mode;

    pthread_mutex_t lock; /* guards the queues, asleep, closing */
    struct hy_worker writing;
    struct hy_worker reading;
    bool closing;

    /* The writer's own: taken from its queue, not yet run. */
    struct hy_queue begun;
    struct hy_queue beats;   /* before all others: a lease hangs on each */
    struct hy_queue hurried; /* events: whoever told them waits for seconds only */
    bool held;               /* the last group left a heavy verb behind: its turn */
    int64_t idle_at_us;      /* the writer's own: when idle was called last */

    struct hy_alone *alone; /* the only node, where one process uses the store */

    atomic_size_t backlog;
    atomic_uint_fast64_t writes, groups, reads, failures;
};

/* --- alone.c: the verbs of nodes.h where there is one process ----------------------------------- */

struct hy_alone;
struct hy_alone *hy_alone_new(void); /* or null */
void hy_alone_free(struct hy_alone *alone);
/* On the thread of `handle`, outside of transactions. */
int hy_alone_verb(struct hy_store *store, struct hy_backend *handle, struct hy_op *op);

/* --- group.c ------------------------------------------------------------------------------------ */

void hy_queue_init(struct hy_queue *q);
void hy_queue_put(struct hy_queue *q, struct hy_op *op);
/* Moves everything in `from` behind what `into` holds. */
void hy_queue_move(struct hy_queue *into, struct hy_queue *from);
/* The first one; the queue is not empty. */
struct hy_op *hy_queue_take(struct hy_queue *q);

/* Writer's thread, with the lock: takes what was submitted. True when there is anything to run. */
bool hy_front_begin(struct hy_store *store);

/* Writer's thread, without the lock: runs one group of what was begun, calls `done` of each. */
void hy_front_run_writes(struct hy_store *store);

/* Reader's thread, or the writer's where there is none: empties `reads`. */
void hy_front_run_reads(struct hy_store *store, struct hy_queue *reads);

#endif
