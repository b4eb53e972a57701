/*
 * nodes.h - the store's verbs for several processes on one store. See store.h for what all verbs share.
 *
 * A node is one process that serves. It lives as long as it beats: each beat renews its lease. Apps and
 * webhook endpoints are held by one node at a time; only the holder claims messages of an app, feeds its
 * broadcasts, and tells an endpoint. So what the engine keeps of an app (windows, rates, pauses, alarms, who
 * is being sent to) is in one place, and holds over all nodes.
 *
 *     beat ----> my lease is good for lease_ms from the instant before it was asked for
 *           ---> nodes whose lease is over are gone: what they held is free
 *           ---> what is free is taken, each node its share
 *     take ----> before anything of an app is claimed, recover settles what its last holder left in sending
 *
 * Fence: a node that is gone cannot write any more: every transaction of it proves that it still is, and ends
 * with HY_E_FENCED otherwise ("this node's lease was over and another has taken its place"). Its next
 * beat makes a new node of it, with another number (and slot), that holds nothing but what it takes then.
 * Before a request leaves, the engine looks at its own clock whether the lease is good: engine/cluster/.
 * Before its first beat a store writes unfenced, as a program does that only looks or imports.
 *
 * A store of one process (SQLite, memory:) has one node, number 1 in slot 0, which holds everything and is
 * never gone. For tests the memory backend can be shared by several: store/memory/shared.h.
 */
#ifndef HY_STORE_NODES_H
#define HY_STORE_NODES_H

#include "store/store.h"

enum hy_hold_kind { HY_HOLD_APP, HY_HOLD_WEBHOOK, HY_HOLD_KINDS };
/* "app", "webhook"; ended by a null. Stored. */
extern const char *const hy_hold_names[];

enum { HY_NODE_NAME_BYTES = 65 };

struct hy_hold {
    enum hy_hold_kind kind;
    int64_t id; /* app_no, webhook id */
    int64_t node;
    int64_t since_ms;
};

struct hy_node {
    int64_t node; /* given by the store, never used again */
    int slot;     /* 0..HY_MESSAGE_NODE_MAX, no two living nodes have the same: for message ids */
    const char *name;    /* as it was given: host and port */
    const char *version; /* of its program */
    int schema;          /* the newest that its program knows */
    int64_t started_ms;  /* by the store's clock, as the next two */
    int64_t beat_ms;     /* when it beat last */
    int64_t lease_until_ms;
    int64_t apps, webhooks; /* that it holds */
    const char *report; /* compact JSON of what it last said of itself (rates, backlog), or null */
};

/*
 * Renews this node's lease; the first one joins. In one transaction: nodes whose lease is over are removed
 * with their holds, itself too; holds of what is deleted end; `give_back` is let go (ids that it doesn't
 * hold are passed over); then this node takes of what nobody holds (apps in use, webhooks), but not of what
 * it just gave back, up to its share, smallest ids first. Its share of a kind is what there is, divided by
 * the nodes that live; what is left over by that, goes one each to those with the smallest numbers.
 *
 * What the last holder of a webhook had claimed of its outcomes is due at once when that is taken. When
 * others are at work on the holds just now, it only renews, and its next beat does the rest. HY_E_LIMIT: as
 * many live as there are slots. HY_E_STOPPED: the store is past what this program knows. May be repeated.
 */
struct hy_node_beat {
    struct hy_op op;
    const char *name;
    const char *version;
    const char *report; /* or null */
    int64_t lease_ms;
    /* Tests: the store's clock; 0 = its own, the same for all nodes (PostgreSQL: the server's). */
    int64_t now_ms;
    const struct hy_hold *give_back; /* kind and id */
    size_t give_back_count;
    struct hy_arena *arena;
    /* out */
    struct hy_node self;
    bool renewed; /* false: it joined, or its lease had been over and it joined again */
    size_t nodes; /* that live, itself counted */
    size_t removed;
    struct hy_hold *holds; /* all of its own, by kind and id */
    size_t hold_count;
    size_t surplus[HY_HOLD_KINDS]; /* so many more than its share it holds: give_back next time */
};

/* It stops: lets go of everything, at once. Runs after all writes that were submitted before; later ones end
 * with HY_E_FENCED, until it beats again (not so in a store of one process). May be repeated. */
struct hy_node_leave {
    struct hy_op op;
};

/* All that live, by number, and who holds what, by kind and id. */
struct hy_nodes {
    struct hy_op op;
    struct hy_arena *arena;
    int64_t now_ms; /* out: the store's clock */
    struct hy_node *nodes;
    size_t count;
    struct hy_hold *holds;
    size_t hold_count;
    int schema; /* of the store */
};

/* --- news -------------------------------------------------------------------------------------- */

/* What a node keeps in memory and another may have changed. */
enum hy_news {
    HY_NEWS_APPS,
    HY_NEWS_KEYS,
    HY_NEWS_TEMPLATES,
    HY_NEWS_CUTS,
    HY_NEWS_SCHEDULES,
    HY_NEWS_BROADCASTS,
    HY_NEWS_WEBHOOKS,
    HY_NEWS_PAUSES,
    HY_NEWS_TOKENS,
    HY_NEWS_HOLDS,    /* of others: one came, left, or gave back */
    HY_NEWS_DUE,      /* of an app something is due; not counted */
    HY_NEWS_OUTCOMES, /* the same of a webhook; not counted */
    HY_NEWS_KINDS
};
/* "apps", "keys", ...; ended by a null. */
extern const char *const hy_news_names[];

/* How often each was changed, by anybody: what differs from last time is to be read again. Notifications
 * (below) are quick and may be lost; this is the truth behind them. A store of one process counts nothing. */
struct hy_changes {
    struct hy_op op;
    int64_t counts[HY_NEWS_KINDS]; /* out */
};

/* Another node did that: `id` is the app (HY_NEWS_OUTCOMES: the webhook), 0 = not said; `at_ms` of what is
 * due. HY_NEWS_KINDS: notifications were lost for a while, look at everything. */
typedef void hy_store_news(enum hy_news news, int64_t id, int64_t at_ms, void *arg);

/*
 * From now on it is called, on a thread of the store's, or inside hy_store_pump(); null ends that: it isn't
 * called any more when this returns. Never for a store of one process. It may submit verbs, but not wait
 * for any. One thread at a time calls hy_store_watch(), and not inside of `tell`.
 */
void hy_store_watch(struct hy_store *store, hy_store_news *tell, void *arg);

/* True when other processes may use it, too. */
bool hy_store_is_shared(const struct hy_store *store);

#endif
