/*
 * stats.h - what happened since start or reset.
 *
 *   sends = accepted + all of refused + faulted
 */
#ifndef HY_SIM_STATS_H
#define HY_SIM_STATS_H

#include "base/buf.h"

#include <stdint.h>

enum { HY_SIM_STATS_CODES_MAX = 64 };

struct hy_sim_tally {
    struct {
        int code;
        uint64_t count;
    } codes[HY_SIM_STATS_CODES_MAX];
    uint64_t others; /* when more codes than that were seen */
};

struct hy_sim_stats {
    uint64_t requests;    /* on platform paths */
    uint64_t token_calls; /* that reached a token path */
    uint64_t logins;      /* that reached jscode2session */
    uint64_t sends;       /* that reached a send path, refused and faulted ones too */
    uint64_t accepted;    /* sends carried out, answered or not */
    uint64_t faulted;    /* sends that a fault ended without a code and without carrying them out */
    uint64_t unanswered; /* requests closed without an answer */
    uint32_t max_in_flight_per_user;
    struct hy_sim_tally refused;        /* sends, by code */
    struct hy_sim_tally other_refusals; /* all other calls, by code */
};

void hy_sim_tally_add(struct hy_sim_tally *tally, int code);

/* Appends {"40001":2,...}. */
void hy_sim_tally_print(const struct hy_sim_tally *tally, struct hy_buf *out);

#endif
