/*
 * server.h - what `hongyan serve` is made of, and the order in which it comes up.
 */
#ifndef HY_CLI_SERVER_H
#define HY_CLI_SERVER_H

#include "api/api.h"
#include "cli/command.h"
#include "cli/signals.h"
#include "crypto/seal.h"
#include "engine/engine.h"
#include "net/httpc.h"
#include "net/httpd.h"
#include "store/nodes.h"
#include "store/store.h"

#include <stdatomic.h>

struct hy_server {
    struct hy_cli *cli;
    const char *location;   /* of the store */
    const char *key_path;   /* of the master key; null: a random one */
    bool key_is_new;        /* there was none */
    const char *wechat_url; /* without a slash at its end */
    const char *node_name;
    char own_name[HY_NODE_NAME_BYTES]; /* without a setting */
    int64_t keep_s[HY_RETAIN_KINDS];
    int64_t platform_connections; /* what --platform-connections-max and the descriptors allow */
    char *admin_key;              /* from the environment, or null; malloc'd */
    struct hy_httpc *client;
    struct hy_signals signals;
    bool signals_started;
    atomic_bool stopping;
    struct hy_seal *seal;
    struct hy_store *store;
    struct hy_engine *engine;
    struct hy_api *api;
    struct hy_httpd *httpd;
};

/* Brings all of it up; says on standard error what does not come up and why. An enum hy_exit;
 * HY_EXIT_DONE when the server listens. In any case hy_server_close() frees what is there. */
int hy_server_open(struct hy_server *server, struct hy_cli *cli);

/* No request and nothing of the engine may be under way. */
void hy_server_close(struct hy_server *server);

/* keep.c: fills server->keep_s. HY_EXIT_USAGE: something is not kept for as long as it is needed. */
int hy_server_read_keeps(struct hy_server *server);

/* server_key.c: the step that makes sure that somebody can call the API. */
int hy_server_admin_key(struct hy_server *server);

/* Takes HONGYAN_ADMIN_KEY out of the environment, of which /proc shows the original too: copied
 * into server->admin_key, then wiped in place. HY_EXIT_USAGE when it is too short. */
int hy_server_take_admin_key(struct hy_server *server);

#endif
