/*
 * feeder.h - what moves broadcasts on, in the engine's turn.
 *
 *   scheduled   started at its send_at
 *   running     its reach collected in steps; its audience made into messages, a little ahead of what
 *               leaves; done when nothing is left and nothing is on its way
 *   paused      nothing; its messages are held back from claims
 *   canceled    held back, and wound up in steps
 *
 * The store is the truth: each step is one verb, which does all of it or nothing. What is kept here
 * (how far ahead, how fast, what is left of the platform's quota) is found again by looking. All of
 * it belongs to the engine's thread; other threads reach it by the mailbox.
 */
#ifndef HY_ENGINE_BROADCAST_FEEDER_H
#define HY_ENGINE_BROADCAST_FEEDER_H

#include "engine/broadcasts.h"

struct hy_feeder;

/* Loads the broadcasts that are not over; blocks. Errors: those of the store. */
int hy_feeder_init(struct hy_engine *engine);
void hy_feeder_deinit(struct hy_engine *engine);

/* Does what is due; returns when it next wants to run. */
int64_t hy_feeder_turn(struct hy_engine *engine);

/* No verb, no request of its own and no move is under way. */
bool hy_feeder_idle(const struct hy_engine *engine);

/* The clock was set back by that much: what was to come "a second later" still does. */
void hy_feeder_set_back(struct hy_engine *engine, int64_t by_ms);

/* Any thread: broadcasts came or changed; look at them again. */
void hy_feeder_stale(struct hy_engine *engine);

/* The engine's thread: `move` is about to be submitted; it ended. */
void hy_feeder_moving(struct hy_engine *engine, const struct hy_broadcast_move *move);
void hy_feeder_moved(struct hy_engine *engine, const struct hy_broadcast_move *move);

/* --- of one app, for who takes it or gives it back; the engine's thread ------------------------- */

/* No verb of its broadcasts is under way. */
bool hy_feeder_rests(const struct hy_engine *engine, int64_t app_no);
/* Has the list read anew; what it returns says when that, or a later one, was read. */
int64_t hy_feeder_read_anew(struct hy_engine *engine);
bool hy_feeder_has_read(const struct hy_engine *engine, int64_t reading);
/* It is this node's from now on: its broadcasts' pace is not known. */
void hy_feeder_taken(struct hy_engine *engine, int64_t app_no);

/* What the platform said last of the quota of that channel, today; false when that is not known. */
bool hy_feeder_quota(struct hy_engine *engine, int64_t app_no, enum hy_channel channel,
                     int64_t *ret_limit, int64_t *ret_used);

#endif
