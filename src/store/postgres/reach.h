/*
 * reach.h - whom an app reaches, kept as it changes (tables reach_counter and reach_receipt, a row for
 * each node).
 *
 * Counters: what a template has, users and uses. A row, even of nothing, says that it has or had counters.
 * Receipts go by time, so there is a row for each minute in which some expire. A user counts in one minute
 * only, that in which the last receipt with free uses expires: all minutes after an instant have each user
 * once. One more row has the sums of all minutes (HY_REACH_ALL): from it those are taken that are over.
 */
#ifndef HY_STORE_POSTGRES_REACH_H
#define HY_STORE_POSTGRES_REACH_H

#include "domain/grant.h"

enum { HY_REACH_MINUTE_MS = 60000 };

/* Of receipts that never expire, in place of a minute; as in the schema. */
#define HY_REACH_NEVER (1LL << 40)

/* In place of a minute: the sums of all. */
enum { HY_REACH_ALL = -1 };

/* In which a receipt expires. */
static inline int64_t hy_reach_minute(int64_t expires_at_ms)
{
    return expires_at_ms > 0 ? expires_at_ms / HY_REACH_MINUTE_MS : HY_REACH_NEVER;
}

/* What is counted of a grant. */
static inline int64_t hy_reach_uses(const struct hy_grant *g)
{
    return g->state == HY_GRANT_AVAILABLE ? g->uses_left - g->uses_reserved : 0;
}

struct hy_pg;

/* That minute changes, and the sums. */
void hy_desk_reach_receipts(struct hy_pg *pg, int64_t app_no, int64_t minute, int64_t users,
                            int64_t uses);

#endif
