#include "api/api.h"

#include "api/auth.h"
#include "api/limits.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/routes.h"
#include "base/err.h"

#include <assert.h>
#include <stdlib.h>

enum { BODY_MAX_BYTES = 8 << 20 };

static const struct hy_api_rule *rule_of(const struct hy_route *route)
{
    return route->data;
}

/* A table of their own: every request is looked up in it. */
static void find_pieces(struct hy_api *api)
{
    size_t count = 0;

    for (const struct hy_route *route = hy_api_routes; route->method; route++) {
        if (!rule_of(route)->pieces)
            continue;
        assert(count < HY_API_PIECES_MAX);
        api->pieces[count++] = *route;
    }
}

static int fill(struct hy_api *api, const struct hy_api_config *config)
{
    size_t count = config->trusted_proxy_count;

    api->engine = config->engine;
    api->body_max_bytes = config->body_max_bytes ? config->body_max_bytes : BODY_MAX_BYTES;
    find_pieces(api);
    api->limits = hy_limits_new();
    api->proxies = calloc(count + 1, sizeof *api->proxies);
    if (!api->limits || !api->proxies)
        return HY_E_NOMEM;
    for (; api->proxy_count < count; api->proxy_count++)
        if (!hy_address_parse(config->trusted_proxies[api->proxy_count],
                              api->proxies[api->proxy_count]))
            return HY_E_INVALID;
    return 0;
}

int hy_api_new(const struct hy_api_config *config, struct hy_api **ret_api)
{
    struct hy_api *api = calloc(1, sizeof *api);
    int err = api ? fill(api, config) : HY_E_NOMEM;

    if (err)
        hy_api_free(api);
    else
        *ret_api = api;
    return err;
}

void hy_api_free(struct hy_api *api)
{
    if (!api)
        return;
    hy_limits_free(api->limits);
    free(api->proxies);
    free(api);
}

static void refuse_route(struct hy_call *call, const struct hy_route_match *match)
{
    if (!match->allow[0]) {
        hy_problem_reply(call, HY_PROBLEM_NOT_FOUND, "There is no such path; see /openapi.json.");
        return;
    }
    hy_httpd_add_header(call->req, "Allow", match->allow);
    hy_problem_reply(call, HY_PROBLEM_METHOD, "This path has %s.", match->allow);
}

/* A field in the body of a call that has none was meant to change what it does: {"send_at": ...} to
 * a start, say, which would go at once. */
static bool body_empty(struct hy_call *call)
{
    static const struct hy_json_field none[] = {{0}};

    if (!hy_call_json(call, HY_BODY_OPTIONAL))
        return false;
    hy_json_read(call->body, none, NULL, &call->v);
    return !hy_call_refused(call);
}

void hy_api_handle(struct hy_httpd_request *req, void *arg)
{
    const struct hy_api_rule *rule;
    struct hy_route_match match;
    struct hy_call *call;
    bool found = hy_route_find(hy_api_routes, hy_httpd_method(req), hy_httpd_path(req), &match);

    call = hy_call_new(arg, req, found ? &match : NULL);
    if (!call)
        return;
    if (!found) {
        refuse_route(call, &match);
        return;
    }
    rule = rule_of(match.route);
    if (!hy_auth_check(call, rule->scopes))
        return;
    if (rule->query && !hy_query_names_ok(call, rule->query))
        return;
    if (rule->bodiless && !body_empty(call))
        return;
    rule->handle(call);
}

void hy_api_head(struct hy_httpd_request *req, void *arg)
{
    const struct hy_api *api = arg;
    struct hy_route_match match;

    if (hy_route_find(api->pieces, hy_httpd_method(req), hy_httpd_path(req), &match))
        hy_api_handle(req, arg);
}

void hy_api_refuse(struct hy_httpd_request *req, int status, void *arg)
{
    enum hy_problem problem = hy_problem_of_status(status);
    struct hy_call *call = hy_call_new(arg, req, NULL);

    if (!call)
        return;
    if (problem == HY_PROBLEM_STOPPING)
        hy_problem_reply(call, problem, "Nothing was done; try again soon.");
    else if (problem == HY_PROBLEM_TOO_LARGE)
        hy_problem_reply(call, problem, "A body may have at most %zu bytes.",
                         call->api->body_max_bytes);
    else
        hy_problem_reply(call, problem, "The request could not be read.");
}
