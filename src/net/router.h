/*
 * router.h - method and path to handler, by a table.
 *
 *   static const struct hy_route routes[] = {
 *       {"GET", "/v1/apps/{id}/token", app_token, &scope_token},
 *       {0}};
 *
 * A segment in braces matches any one non-empty segment; "{rest...}" as the last one matches all
 * that is left, slashes included, and may be empty ("/files/" fits "/files/{rest...}", "/files"
 * does not). Literal segments win over braces: the first segment that differs decides. Tables are
 * small (tens of rows): a linear walk.
 *
 * The path comes decoded: a "/" that was written as %2F parts segments like any other.
 */
#ifndef HY_NET_ROUTER_H
#define HY_NET_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

struct hy_httpd_request;

enum { HY_ROUTE_PARAMS_MAX = 4, HY_ROUTE_PARAM_BYTES = 256, HY_ROUTE_ALLOW_BYTES = 64 };

struct hy_route_match {
    const struct hy_route *route;                           /* null: see `allow` */
    char params[HY_ROUTE_PARAMS_MAX][HY_ROUTE_PARAM_BYTES]; /* in order of the braces */
    char allow[HY_ROUTE_ALLOW_BYTES]; /* no route: methods that the path has ("GET, POST"), or "" */
};

struct hy_route {
    const char *method;
    const char *pattern;
    void (*handler)(struct hy_httpd_request *req, const struct hy_route_match *match, void *arg);
    const void *data; /* the owner's own */
};

/* Finds the row for `method` and `path`. True when found. HEAD is answered by a GET row. */
bool hy_route_find(const struct hy_route *routes, const char *method, const char *path,
                   struct hy_route_match *ret_match);

#endif
