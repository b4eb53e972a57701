/*
 * client.h - calls of mini-program pages: who they are, and how often they may come.
 */
#ifndef HY_API_CLIENT_H
#define HY_API_CLIENT_H

#include "api/call.h"

/* Whose page this is, after its session. */
struct hy_client {
    const struct hy_app_entry *app; /* counted, to be released */
    const char *user;
};

/* False: 401 or 429 was answered and nothing is to be released. */
bool hy_client_enter(struct hy_call *call, struct hy_client *ret_client);

#endif
