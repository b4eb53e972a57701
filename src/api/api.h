/*
 * api.h - the HTTP API: JSON in, engine verbs, JSON out.
 *
 * A request's way through this folder, all of it on the server's thread:
 *
 *   hy_api_handle   routes.c finds the row, auth.c asks for the key, query.c refuses unknown
 *                   parameters
 *   the resource    apps.c, messages.c, ... : reads the body, starts an engine verb, defers
 *   the next step   runs when the verb has woken the request: writes the answer by out.c
 *
 * Every error is an RFC 9457 body (problem.c). What a call, a field and an error look like to the
 * caller is written in docs/openapi.yaml; a test holds the table of routes against it.
 */
#ifndef HY_API_API_H
#define HY_API_API_H

#include "engine/engine.h"
#include "net/httpd.h"

struct hy_api;

struct hy_api_config {
    struct hy_engine *engine; /* must outlive the API */
    size_t body_max_bytes;    /* what the HTTP server takes, for the text of a 413; 0: 8 MiB */
    /* Addresses of proxies: of a request from one of them the last address in X-Forwarded-For is
     * the caller's. */
    const char *const *trusted_proxies;
    size_t trusted_proxy_count;
};

/* HY_E_NOMEM; HY_E_INVALID (a trusted proxy is no address). */
int hy_api_new(const struct hy_api_config *config, struct hy_api **ret_api);

/* No request may be under way; null is legal. */
void hy_api_free(struct hy_api *api);

/* The functions of hy_httpd_config; `arg` is the struct hy_api. */
void hy_api_head(struct hy_httpd_request *req, void *arg); /* calls whose body comes in pieces */
void hy_api_handle(struct hy_httpd_request *req, void *arg);
void hy_api_refuse(struct hy_httpd_request *req, int status, void *arg);

#endif
