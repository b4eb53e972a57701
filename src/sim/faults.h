/*
 * faults.h - accidents on demand: what the control side asked to go wrong, and when.
 */
#ifndef HY_SIM_FAULTS_H
#define HY_SIM_FAULTS_H

#include "base/buf.h"
#include "sim/ids.h"

#include <stdbool.h>
#include <stdint.h>

/* How a connection ends without an answer. Which path a caller wants is known only after its first
 * bytes, and a listener that turned everybody away would lock out the control side, so CONNECT does
 * what BEFORE does: a caller that has connected and written cannot tell the two apart. */
enum hy_sim_drop {
    HY_SIM_DROP_NONE,
    HY_SIM_DROP_CONNECT,
    HY_SIM_DROP_BEFORE, /* closed, not carried out */
    HY_SIM_DROP_AFTER,  /* carried out, then closed */
};
extern const char *const hy_sim_drop_names[]; /* by the enum, ended by a null */

enum { HY_SIM_FAULTS_MAX = 1000 };

struct hy_sim_fault {
    struct hy_sim_fault *next;
    const char *path;  /* a whole path, or the beginning of one followed by a star */
    const char *appid; /* null: any */
    bool has_errcode;
    int errcode;
    int status;         /* HTTP status of the answer; 0: 200 */
    const char *errmsg; /* null: the usual words */
    const char *body;   /* null: made from errcode or status */
    int64_t latency_ms;
    int drop;       /* enum hy_sim_drop */
    bool carry_out; /* the request is carried out although the answer is another */
    int64_t skip;   /* so many requests that it is about are let go first */
    int64_t times;  /* left; -1: for ever */
    double probability;
    uint64_t fired;
};

struct hy_sim_faults {
    struct hy_sim_fault *first;
    size_t count;
};

/* What the faults that hit one request do to it together: the longest latency, and whatever else
 * the oldest one that does anything else says. */
struct hy_sim_effect {
    int64_t latency_ms;
    const struct hy_sim_fault *action; /* null: none; valid until the next change of the faults */
};

/* Copies `fault` with its texts. HY_E_NOMEM; HY_E_LIMIT: there are HY_SIM_FAULTS_MAX already. */
int hy_sim_faults_add(struct hy_sim_faults *faults, const struct hy_sim_fault *fault);

/* Removes those given for exactly `path`, or all when null; returns how many. */
size_t hy_sim_faults_remove(struct hy_sim_faults *faults, const char *path);

/* Draws for one request. `appid` may be null: unknown. */
struct hy_sim_effect hy_sim_faults_draw(struct hy_sim_faults *faults, struct hy_sim_ids *ids,
                                        const char *path, const char *appid);

/* Appends the faults as a JSON array. */
void hy_sim_faults_print(const struct hy_sim_faults *faults, struct hy_buf *out);

#endif
