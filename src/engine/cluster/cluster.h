/*
 * cluster.h - this engine as one of several nodes on one store (store/nodes.h). Only src/engine includes it.
 *
 *   lease.c    how long this node may act, by its own clock (pure)
 *   share.c    what it gives back when it has more than its share (pure)
 *   beat.c     renews the lease; joins, joins again, leaves
 *   holds.c    which apps and endpoints are ours: the moves below
 *   take.c     what is done before anything of an app leaves here
 *   news.c     what others changed is read again
 *   adopt.c    what was read takes the place of what was known
 *   report.c   what a node says of itself
 *   nodes.c    the public side: engine/nodes.h
 *
 * An app's lane, or an endpoint (without the middle part), on this node:
 *
 *   no --> taking --> recovering --> reading --> yes --> leaving --> no
 *    ^                                            |         |
 *    +------ the lease was lost, or it is not ours any more-+
 *
 *   taking      it is ours in the store; what this process had under way of it itself is to end first
 *   recovering  what its last holder left in `sending` is settled (verb recover, of this app)
 *   reading     its pauses and the broadcasts are read
 *   yes         messages are claimed and sent, broadcasts are fed
 *   leaving     nothing new is begun; it is given back once nothing of it is under way
 *
 * Fence. A request leaves only while the lease is good by this node's own clock and this is still the node
 * that claimed it: looked at when it is started, and once more when a connection is ready for it, just before
 * its first byte (hy_http_request.may_go). Whatever this node writes proves that it is one (HY_E_FENCED
 * otherwise). So after a lease is lost nothing leaves, and what has not left is settled as not sent; if
 * somebody else has taken the app meanwhile, that settling is a conflict and what they made of it stands.
 *
 * With a store of one process (`shared` false) everything is held from the start, and none of this costs
 * more than a look at a flag.
 *
 * All of it belongs to the engine's thread, but for what is atomic.
 */
#ifndef HY_ENGINE_CLUSTER_CLUSTER_H
#define HY_ENGINE_CLUSTER_CLUSTER_H

#include "engine/cluster/lease.h"
#include "store/nodes.h"

#include <stdatomic.h>

struct hy_arena;
struct hy_engine;
struct hy_lane;
struct hy_endpoint;
struct hy_pauses;

enum hy_holding {
    HY_HOLDING_NO,
    HY_HOLDING_TAKING,
    HY_HOLDING_RECOVERING,
    HY_HOLDING_READING,
    HY_HOLDING_YES,
    HY_HOLDING_LEAVING,
};

enum { HY_RESUMED_MAX = 16 };

/* Apps whose pauses another node changed. */
struct hy_resumed {
    bool all; /* perhaps any */
    size_t count;
    int64_t apps[HY_RESUMED_MAX];
};

struct hy_cluster {
    bool shared;
    char name[HY_NODE_NAME_BYTES];
    struct hy_lease lease;
    int64_t node; /* 0 = none: it never joined, or left */
    size_t nodes; /* that live, as the last beat told */
    bool beating; /* a beat is under way */
    bool leaving, left;
    bool too_old; /* the store is past what this program knows: it has to end */

    struct hy_hold *holds; /* as the last beat told: by kind and id */
    size_t hold_count;
    bool stirred;      /* holds, lanes or endpoints changed: match them again */
    size_t on_the_way; /* lanes between no and yes; endpoints and lanes that leave */
    int64_t recovers_open;
    int64_t take_not_before_ms; /* after trouble with the store */

    /* News: bits of enum hy_news. */
    atomic_uint stale; /* any thread: to be read again */
    unsigned reading;  /* are read now */
    int64_t read_not_before_ms;
    bool counting; /* the changes are read now */
    int64_t counts[HY_NEWS_KINDS];
    int64_t count_next_ms; /* steady */
    int64_t ask_next_ms;   /* steady: when all lanes are asked again */

    /* Pauses that this process writes: what is read meanwhile is older. */
    atomic_int_fast64_t pauses_open, pauses_begun;
    /* Apps whose pauses another node changed, under notice_lock: theirs that nobody wrote down end, too. */
    struct hy_resumed resumed;

    /* Of the report: what was counted when, at the last one. */
    int64_t report_at_ms, report_accepted, report_attempts;
    double accepts_per_s, sends_per_s;
};

/* --- beat.c ----------------------------------------------------------------------------------- */

/* Start-up, blocks: the first beat, and message ids of this node's slot. Errors: those of the store. */
int hy_cluster_join(struct hy_engine *engine);
void hy_cluster_deinit(struct hy_engine *engine);

/* After the mail, before anybody else's turn. */
int64_t hy_cluster_turn(struct hy_engine *engine);

/* Nothing of it is under way; of a quiet engine: it has left. */
bool hy_cluster_idle(const struct hy_engine *engine);

/* The clock that the lease runs by. */
int64_t hy_cluster_steady_ms(const struct hy_engine *engine);

/* The lease is good: new work may be begun. */
bool hy_cluster_good(const struct hy_engine *engine);

/* This is still that node, whatever its lease. */
bool hy_cluster_is(const struct hy_engine *engine, int64_t node);

/* What `node` claimed may leave: it is still this one, and its lease is good. */
bool hy_cluster_may_send(const struct hy_engine *engine, int64_t node);

/* A verb ended with that: HY_E_FENCED says that the lease was lost. Others are passed over. */
void hy_cluster_verb_ended(struct hy_engine *engine, int result);

/* There is a reason to beat: something new is perhaps nobody's. */
void hy_cluster_hurry(struct hy_engine *engine);

/* --- holds.c ---------------------------------------------------------------------------------- */

/* As `beat` told. HY_E_NOMEM: nothing is held. */
int hy_holds_told(struct hy_engine *engine, const struct hy_node_beat *beat);

/* This process is another node now: nothing that it held counts. */
void hy_holds_forget(struct hy_engine *engine);

/* What may be given back now; in the arena. */
void hy_holds_give_back(struct hy_engine *engine, struct hy_node_beat *beat);

/* Moves on what can move. */
int64_t hy_holds_turn(struct hy_engine *engine);

/* True when its app is held, and something new may be begun for it now. */
bool hy_lane_is_ours(const struct hy_engine *engine, const struct hy_lane *lane);
bool hy_endpoint_is_ours(const struct hy_engine *engine, const struct hy_endpoint *endpoint);

/* --- take.c ----------------------------------------------------------------------------------- */

/* Settles what the last holder left of the lane's app: taking -> recovering, then reading. */
void hy_take_recover(struct hy_engine *engine, struct hy_lane *lane);

/* Pauses were read, all there are: reading -> yes, if the broadcasts were, too. */
void hy_take_pauses(struct hy_engine *engine, const struct hy_pauses *pauses);

/* reading -> yes, if all was read. */
void hy_take_open(struct hy_engine *engine, struct hy_lane *lane);

/* --- news.c ----------------------------------------------------------------------------------- */

/* Start-up: from here on changes are told. Before anything is read that others may change. */
int hy_news_init(struct hy_engine *engine);
int64_t hy_news_turn(struct hy_engine *engine);

/* Any thread: read that again. */
void hy_news_stale(struct hy_engine *engine, enum hy_news news);

/* Any thread: a pause of this process is on its way into the store; it is there, or failed. */
void hy_news_pause_begun(struct hy_engine *engine);
void hy_news_pause_ended(struct hy_engine *engine);

/* Those that were told of since the last call, of apps held here or not. */
void hy_news_take_resumed(struct hy_engine *engine, struct hy_resumed *ret_resumed);
bool hy_news_was_resumed(const struct hy_resumed *resumed, int64_t app_no);

/* --- report.c --------------------------------------------------------------------------------- */

/* Compact JSON in the arena, or null when out of memory. */
const char *hy_node_report(struct hy_engine *engine, struct hy_arena *arena);

#endif
