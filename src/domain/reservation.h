/*
 * reservation.h - one message holds one use of one grant: what taking it, keeping it and letting go
 * of it do to the numbers of the grant. Pure; every backend of the store goes through here, so that
 * they cannot disagree.
 *
 *   move        uses_reserved  uses_left  besides
 *   keep
 *   spend            -1           -1      spent when nothing is left
 *   doubt            -1           -1      in_doubt; spent when nothing is left
 *   give back        -1                   in_doubt, when the message was: its use may have gone
 *   drop             -1                   revoked, with a reason
 *   refuse           -1                   suspect until a given instant, with a reason; refusals + 1
 *
 * spend ends a suspicion: available again, refusals 0.
 *
 * An `always` grant is standing: its numbers never change, any number of messages may hold it.
 */
#ifndef HY_DOMAIN_RESERVATION_H
#define HY_DOMAIN_RESERVATION_H

#include "domain/settlement.h"

/*
 * `grant` fits messages of this template. A counter fits its own template, if that is no form
 * template; a receipt fits form templates, and those of which nothing is known.
 */
bool hy_grant_fits(const struct hy_grant *grant, const char *template_id,
                   enum hy_template_kind template_kind);

/* The order in which grants are used: counters before receipts (that there is one proves that the
 * template is no form template), then what expires first, then the smaller id. Like strcmp(). */
int hy_grant_compare(const struct hy_grant *a, const struct hy_grant *b);

/* Takes one use. The caller has asked hy_grant_usable(). */
void hy_grant_reserve(struct hy_grant *grant);

/*
 * True when a message that holds a use of `grant` may send with it now: within the margin as for
 * hy_grant_usable(), of a suspect one from retry_at_ms on, whoever else holds one; a message in doubt (`in_doubt`) keeps its grant until that really expires,
 * because only the same grant can prove what became of the first request.
 */
bool hy_grant_holds(const struct hy_grant *grant, bool in_doubt, int64_t now_ms, int64_t margin_ms);

/*
 * What `move`, which was decided by the grant as it was when the request left at `left_at_ms`, is for
 * the grant as it is now. An answer says nothing about what the user accepted after the request left:
 * drop is give back for a counter whose refusals are forgotten meanwhile, refuse for one whose newest
 * accept is later.
 */
enum hy_grant_move hy_grant_move_now(const struct hy_grant *grant, enum hy_grant_move move,
                                     int64_t left_at_ms);

/* Lets go of a use after the table above. `in_doubt` is the message's before the move; `reason` is
 * kept by pointer and only looked at for drop and refuse: the platform's code, or the verdict's
 * name; `retry_at_ms` for refuse. */
void hy_grant_release(struct hy_grant *grant, enum hy_grant_move move, bool in_doubt,
                      const char *reason, int64_t retry_at_ms);

#endif
