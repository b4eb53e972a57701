/*
 * lease.h - how long this node may act, by its own steady clock. Pure: the clock is an argument.
 *
 * A beat that was asked for at `asked` and answered well is good until asked + length: whatever the store's
 * clock says, it counted later. The margin is taken off that: between the last look at the clock and the
 * first byte on the wire some time passes, and no two clocks run alike.
 *
 *     beat asked       answer                       until          length
 *        |---------------|-----------------------------|--- margin ---|
 *                        next beat at a third
 */
#ifndef HY_ENGINE_CLUSTER_LEASE_H
#define HY_ENGINE_CLUSTER_LEASE_H

#include <stdbool.h>
#include <stdint.h>

struct hy_lease {
    int64_t length_ms;
    int64_t until_ms; /* of the last good beat, the margin taken off; 0 = there is none */
    int64_t next_ms;  /* when to beat */
    bool failing;     /* the last beat failed: the next one is not hurried */
};

void hy_lease_init(struct hy_lease *lease, int64_t length_ms);

/* The beat that was asked for at `asked_ms` is answered now, well or not. */
void hy_lease_renew(struct hy_lease *lease, int64_t asked_ms);
void hy_lease_failed(struct hy_lease *lease, int64_t now_ms);

/* The store says that it is over: beat at once. */
void hy_lease_lose(struct hy_lease *lease, int64_t now_ms);

/* There is a reason to beat now. While beats fail nothing hurries them. */
void hy_lease_hurry(struct hy_lease *lease, int64_t now_ms);

bool hy_lease_good(const struct hy_lease *lease, int64_t now_ms);

#endif
