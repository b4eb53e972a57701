/*
 * refresh.h - what keeper.c and refresh.c share.
 */
#ifndef HY_ENGINE_TOKEN_REFRESH_H
#define HY_ENGINE_TOKEN_REFRESH_H

#include <stddef.h>
#include <stdint.h>

struct hy_engine;
struct hy_lane;

/* Starts a refresh; the keeper must be idle. Its end, well or not, sets what the keeper knows, and when
 * it may try again. */
void hy_refresh_begin(struct hy_engine *engine, struct hy_lane *lane);

/* What the sealed token of an app is bound to. */
void hy_token_context(int64_t app_no, char *into, size_t size);

#endif
