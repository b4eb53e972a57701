/*
 * reach.h - whom an app reaches, kept as it changes (the tables reach_counter and reach_receipt).
 *
 * Counters: a row is a user, so a template's tally is exact as it stands. Receipts go by time, so
 * there is a tally for each minute in which some expire. A user counts in one minute only, that in
 * which the last receipt with free uses expires: whoever asks for all minutes after an instant meets
 * each user once. The sum of users over all minutes is kept, too (tally.h); that
 * of uses is what all grants have, less what counters have.
 */
#ifndef HY_STORE_SQLITE_REACH_H
#define HY_STORE_SQLITE_REACH_H

#include "domain/grant.h"

struct hy_sqlite;

/* Of receipts that never expire, in place of a minute; as in the SQL texts. */
#define HY_REACH_NEVER (1LL << 40)

/* In place of the minute of a user's other receipts: not known, look. */
enum { HY_REACH_LOOK = -1 };

/* In which a receipt expires. */
int64_t hy_reach_minute(const struct hy_grant *grant);

/* What the tallies count of a grant. */
int64_t hy_grant_free_uses(const struct hy_grant *grant);

/*
 * The free uses of `grant` changed, or it came or went (0). `others_minute` is that of the last one
 * of the user's other receipts with free uses, 0 when there is none, or HY_REACH_LOOK.
 */
int hy_reach_change(struct hy_sqlite *s, const struct hy_grant *grant, int64_t before,
                    int64_t after, int64_t others_minute);

/* Forgets minutes before an instant of which nothing is left. */
int hy_reach_tidy(struct hy_sqlite *s, int64_t app_no, int64_t until_ms);

#endif
