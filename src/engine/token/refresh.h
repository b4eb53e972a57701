/*
 * refresh.h - what keeper.c and refresh.c share.
 */
#ifndef HY_ENGINE_TOKEN_REFRESH_H
#define HY_ENGINE_TOKEN_REFRESH_H

#include <stddef.h>
#include <stdint.h>

struct hy_engine;
struct hy_lane;
struct hy_token;

/* Starts a refresh; the keeper must be idle. Its end, well or not, sets what the keeper knows, and when
 * it may try again. */
void hy_refresh_begin(struct hy_engine *engine, struct hy_lane *lane);

/* The store has another version than was known: it is used, unless it is the very token that was refused
 * here. Then that is still to be replaced. */
void hy_keeper_replace(struct hy_engine *engine, struct hy_lane *lane,
                       const struct hy_token *token);

/* What the sealed token of an app is bound to. */
void hy_token_context(int64_t app_no, char *into, size_t size);

#endif
