#include "api/auth.h"

#include "api/problem.h"
#include "domain/key.h"

#include <string.h>
#include <strings.h>

const char *hy_auth_bearer(const char *authorization)
{
    static const char scheme[] = "Bearer";
    enum { SIZE = sizeof scheme - 1 };
    const char *key;

    if (!authorization || strncasecmp(authorization, scheme, SIZE) != 0 ||
        authorization[SIZE] != ' ')
        return NULL;
    key = authorization + SIZE + strspn(authorization + SIZE, " ");
    return *key ? key : NULL;
}

/* "send or read" */
static const char *scope_text(struct hy_arena *arena, unsigned scopes)
{
    const char *text = NULL;

    for (unsigned i = 0; hy_scope_names[i]; i++) {
        if (!(scopes >> i & 1))
            continue;
        text =
            text ? hy_arena_printf(arena, "%s or %s", text, hy_scope_names[i]) : hy_scope_names[i];
        if (!text)
            return "another one";
    }
    return text;
}

void hy_auth_refuse_scope(struct hy_call *call, unsigned needed)
{
    hy_httpd_add_header(call->req, "WWW-Authenticate",
                        "Bearer realm=\"hongyan\", error=\"insufficient_scope\"");
    hy_problem_reply(call, HY_PROBLEM_SCOPE, "This call needs a key with the scope %s.",
                     scope_text(call->arena, needed));
}

bool hy_auth_check(struct hy_call *call, unsigned scopes)
{
    const char *header = hy_httpd_header(call->req, "Authorization");
    const char *key = hy_auth_bearer(header);
    unsigned have;

    if (!scopes)
        return true;
    have = key ? hy_engine_key_scopes(call->engine, key, &call->holder) : 0;
    call->scopes = have;
    if (have & (scopes | HY_SCOPE_ADMIN))
        return true;
    if (have) {
        hy_auth_refuse_scope(call, scopes);
        return false;
    }
    hy_httpd_add_header(call->req, "WWW-Authenticate",
                        key ? "Bearer realm=\"hongyan\", error=\"invalid_token\""
                            : "Bearer realm=\"hongyan\"");
    hy_problem_reply(call, HY_PROBLEM_NO_KEY, "%s",
                     key      ? "This API key is unknown or was revoked."
                     : header ? "The header Authorization has to be: Bearer KEY."
                              : "Send the header Authorization: Bearer KEY.");
    return false;
}
