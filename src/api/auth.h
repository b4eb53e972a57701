/*
 * auth.h - who may do what: the Authorization header against the scopes of a route.
 */
#ifndef HY_API_AUTH_H
#define HY_API_AUTH_H

#include "api/call.h"

/* The key in "Bearer KEY", or null when the header says anything else. Null is legal. */
const char *hy_auth_bearer(const char *authorization);

/* True when the shown key has one of `scopes` (bits of enum hy_scope) or is an admin's; otherwise
 * 401 or 403 was answered. 0 needs no key. */
bool hy_auth_check(struct hy_call *call, unsigned scopes);

/* Answers 403: one of `needed` would be needed. */
void hy_auth_refuse_scope(struct hy_call *call, unsigned needed);

#endif
