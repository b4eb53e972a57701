/*
 * teller.h - what the teller keeps in memory: the endpoints, and what is under way. Only src/engine
 * includes it. The engine's thread only, but for what is atomic.
 *
 *   endpoints.c   which endpoints there are, and how well each one is
 *   teller.c      claims and settles
 *   telling.c     posts one of them
 */
#ifndef HY_ENGINE_WEBHOOK_TELLER_H
#define HY_ENGINE_WEBHOOK_TELLER_H

#include "base/arena.h"
#include "domain/outcome.h"
#include "domain/window.h"
#include "engine/cluster/cluster.h"
#include "store/webhooks.h"

#include <assert.h>
#include <stdatomic.h>

struct hy_engine;
struct hy_telling;

/* Under way at once: of one endpoint, and of all, whose bodies are in memory. */
enum { HY_TELLER_WINDOW_MAX = 16, HY_TELLER_OPEN_MAX = 128, HY_TELLER_ERROR_BYTES = 96 };

static_assert((int)HY_TELLER_OPEN_MAX >= (int)HY_WEBHOOKS_MAX, "each endpoint has a share");

struct hy_endpoint {
    struct hy_webhook webhook; /* texts and secrets in the teller's arena */
    bool gone;                 /* deleted; freed when nothing is under way any more */
    enum hy_holding holding;   /* no, yes or leaving */
    struct hy_window window;
    int64_t in_flight;     /* claimed and not settled */
    int64_t next_due_ms;   /* the earliest known due instant; HY_NEVER = none known */
    int64_t rest_until_ms; /* nothing answers: so long nothing is tried */
    /* How it is. This is ahead of the store until it is settled. */
    int64_t failing_since_ms, disabled_at_ms;
    char error[HY_TELLER_ERROR_BYTES]; /* "" = none */
    bool unsaved;                      /* the three above are not in the store yet */
    bool saving;                       /* a settle under way has them */
    bool moved;                        /* they changed since the list was asked for */
    bool said;                         /* the log has its failing */
};

struct hy_teller {
    struct hy_arena arena; /* of the list */
    struct hy_endpoint **endpoints;
    size_t count;
    atomic_int used;     /* endpoints that are told something: 0 = outcomes cost nothing */
    atomic_bool stale;   /* read the list again */
    atomic_bool noticed; /* there may be new outcomes */
    bool reading, claiming, settling;                                      /* a verb is under way */
    int64_t read_not_before_ms, claim_not_before_ms, settle_not_before_ms; /* after trouble */
    struct hy_telling *over, **over_last;                                  /* to be settled */
    int64_t open;         /* claimed and not settled, of all */
    int64_t turned_at_ms; /* the last turn */
};

/* Start-up, blocks: reads the list. */
int hy_teller_init(struct hy_engine *engine);
void hy_teller_deinit(struct hy_engine *engine);
int64_t hy_teller_turn(struct hy_engine *engine);
bool hy_teller_idle(const struct hy_teller *teller);

/* Any thread: the list changed. */
void hy_teller_stale(struct hy_engine *engine);

/* Any thread: the verb may write outcomes, and there is somebody to be told. */
bool hy_teller_listens(struct hy_engine *engine, enum hy_verb verb);
/* Any thread, after such a verb was submitted: a claim behind it will find them. */
void hy_teller_notice(struct hy_engine *engine);

/* --- endpoints.c ------------------------------------------------------------------------------ */

/* Reads the list when it is stale; returns when to look again. */
int64_t hy_endpoints_turn(struct hy_engine *engine);
struct hy_endpoint *hy_endpoint_find(struct hy_engine *engine, int64_t webhook_id);
/* In use, and neither paused nor gone. */
bool hy_endpoint_in_use(const struct hy_endpoint *endpoint);
/* A try that left at `left_at_ms` ended; `error` null: well. `gone`: it said that it wants no
 * more. */
void hy_endpoint_note(struct hy_engine *engine, struct hy_endpoint *endpoint, const char *error,
                      bool gone, int64_t left_at_ms);
/* One less under way; frees what is gone. */
void hy_endpoint_release(struct hy_engine *engine, struct hy_endpoint *endpoint);

#endif
