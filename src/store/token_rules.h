/*
 * token_rules.h - what token_begin and token_end decide and change, for backends that keep a token as a
 * row: they load it, ask here, and save it. The memory backend has its own, to be compared with. Only
 * src/store includes it.
 */
#ifndef HY_STORE_TOKEN_RULES_H
#define HY_STORE_TOKEN_RULES_H

#include "store/apps.h"

/* 0: the call is counted in `token`, which is to be saved. Or a positive result of token_begin, nothing
 * changed. */
int hy_token_rules_begin(const struct hy_token_begin *v, struct hy_token *token);

/* 0: `token` is to be saved; its texts and bytes are those of `v`. Or HY_TOKEN_MOVED, nothing changed. */
int hy_token_rules_end(const struct hy_token_end *v, struct hy_token *token);

#endif
