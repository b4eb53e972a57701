/*
 * rig.h - an engine on a store of one's choice, with a clock that stands still until it is moved.
 *
 * The store runs inline: nothing happens but in rig_run(). Requests to the platform are counted and
 * refused. One rig at a time.
 */
#ifndef HY_TESTS_UNIT_ENGINE_RIG_H
#define HY_TESTS_UNIT_ENGINE_RIG_H

#include "engine/engine.h"
#include "store/backend.h"

#define RIG_APP      "wx0000000000000001"
#define RIG_SECRET   "0123456789abcdef0123456789abcdef"
#define RIG_USER     "oRigRigRigRigRigRigRigRig_u1"
#define RIG_TEMPLATE "TemplateTemplateTemplateTemplateTemplate__t"

enum { RIG_PENDING_MAX = 128 };

struct rig_pending {
    hy_httpc_done *done;
    void *arg;
};

struct rig {
    struct hy_store *store;
    struct hy_seal *seal;
    struct hy_engine *engine;
    struct hy_arena arena;
    struct hy_violations faults;
    size_t requests; /* to the platform */
    size_t wakes;    /* of the engine's thread */
    struct rig_pending pending[RIG_PENDING_MAX];
    size_t pending_count;
    bool refuse_at_once; /* before the start of a request returns */
    /* Looks at each request first; true: it has taken it, and will call `done`. Null: none. */
    bool (*intercept)(const struct hy_http_request *request, hy_httpc_done *done, void *arg);
};

extern struct rig rig;
extern bool rig_private_webhooks;           /* of engines that are started from now on */
extern int64_t rig_keep_s[HY_RETAIN_KINDS]; /* set before rig_open() */
extern int64_t rig_now_ms;                  /* 2026-03-01T00:00:00Z at rig_open() */

extern const struct hy_backend_ops *rig_backend; /* instead of a location's; null: none */

/* Makes the store, a seal and the engine. "memory:", "sqlite:PATH". */
void rig_open(const char *location);
void rig_close(void);

/* The engine goes, another one comes on the same store. */
void rig_restart(void);

/* Lets everything happen that needs no time. */
void rig_run(void);

/* JSON with ' for ", a printf format; owned by the caller, and the test ends when it is none. */
json_t *rig_json(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Adds RIG_APP with the given settings (members of an object, "" = none); 0 or an error, with the
 * faults in rig.faults. */
int rig_add_app(const char *settings);
int rig_change_app(const char *id, const char *body);
int rig_remove_app(const char *id);

/* Empty faults in an emptied arena. */
struct hy_violations *rig_faults(void);

/* Ends the test unless the faults are exactly this one. */
void rig_expect(const char *what, const char *field, const char *rule);

/* How many messages and free uses the store has. */
size_t rig_stored_messages(void);
int64_t rig_stored_uses(void);

#endif
