/* Access tokens: two families an app, each a pair of the current and the one before. */
#include "sim/calls.h"

#include "net/httpd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const int64_t life_ms = INT64_C(7200000);
static const int64_t overlap_ms = INT64_C(300000);
static const int64_t renew_below_ms = INT64_C(300000);
static const int64_t force_spacing_ms = INT64_C(30000);
enum { FORCES_A_DAY = 20 };

/* --- what a token is worth -------------------------------------------------------------------- */

static bool all_of(const char *text, const char *alphabet)
{
    return text[strspn(text, alphabet)] == 0;
}

/* A decimal counter, "_", then base64url, about as long as the real ones: what is not shaped like
 * that cannot be an older token. */
static bool shaped_like_token(const char *text)
{
    size_t digits = strspn(text, "0123456789"), length = strlen(text);

    return digits > 0 && digits < 5 && text[digits] == '_' && length >= 64 && length <= 512 &&
           all_of(text + digits + 1,
                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}

int hy_sim_token_check(struct hy_sim_exchange *x)
{
    const char *text = hy_httpd_query(x->req, "access_token");
    const struct hy_sim_token *token;

    if (!text || !*text)
        return HY_SIM_TOKEN_MISSING;
    token = hy_sim_table_find(&x->sim->tokens, text);
    if (!token)
        return shaped_like_token(text) ? HY_SIM_BAD_CREDENTIAL : HY_SIM_BAD_TOKEN;
    x->app = token->app;
    if (x->now_ms >= token->dies_ms)
        return HY_SIM_BAD_CREDENTIAL;
    return x->now_ms >= token->expires_ms ? HY_SIM_TOKEN_EXPIRED : 0;
}

/* --- who may ask for one ---------------------------------------------------------------------- */

static bool address_allowed(const struct hy_sim_app *app, const char *address)
{
    if (!app->ip_whitelist)
        return true;
    for (hy_sim_texts ip = app->ip_whitelist; *ip; ip++) {
        if (strcmp(*ip, address) == 0)
            return true;
    }
    return false;
}

static int check_known(struct hy_sim_exchange *x, struct hy_sim_app *app, const char *secret)
{
    const char *address = hy_httpd_peer(x->req);

    if (!app)
        return HY_SIM_BAD_APPID;
    if (strcmp(app->secret, secret) != 0)
        return HY_SIM_BAD_SECRET;
    if (app->secret_frozen)
        return HY_SIM_SECRET_FROZEN;
    if (!address_allowed(app, address)) {
        snprintf(x->errmsg, sizeof x->errmsg, "invalid ip %s ipv6 ::ffff:%s, not in whitelist",
                 address, address);
        return HY_SIM_IP_NOT_LISTED;
    }
    x->app = app;
    return 0;
}

int hy_sim_secret_check(struct hy_sim_exchange *x, const char *appid, const char *secret)
{
    if (!appid || !*appid)
        return HY_SIM_APPID_MISSING;
    if (!secret || !*secret)
        return HY_SIM_SECRET_MISSING;
    return check_known(x, hy_sim_table_find(&x->sim->apps, appid), secret);
}

static int check_caller(struct hy_sim_exchange *x, const char *grant_type, const char *appid,
                        const char *secret)
{
    int code = hy_sim_secret_check(x, appid, secret);

    if (code == HY_SIM_APPID_MISSING || code == HY_SIM_SECRET_MISSING)
        return code;
    if (!grant_type || strcmp(grant_type, "client_credential") != 0)
        return HY_SIM_BAD_GRANT_TYPE;
    return code;
}

static int count_call(struct hy_sim_exchange *x)
{
    int code = hy_sim_call_count(x);

    if (code == HY_SIM_DAY_QUOTA)
        snprintf(x->errmsg, sizeof x->errmsg,
                 "%s, could get access_token by getStableAccessToken, more details at "
                 "https://mmbizurl.cn/s/JtxxFh33r",
                 hy_sim_code_text_of(code));
    return code;
}

/* --- making them ------------------------------------------------------------------------------ */

static void forget(struct hy_sim *sim, struct hy_sim_token *token)
{
    if (!token)
        return;
    hy_sim_table_remove(&sim->tokens, &token->node);
    free(token);
}

/* The current token becomes the previous one and lives on for the overlap; the previous one is
 * unknown from now on. Three tokens of a family never live together. */
static int replace(struct hy_sim_exchange *x, struct hy_sim_tokens *pair)
{
    struct hy_sim_token *token = calloc(1, sizeof *token);

    if (!token)
        return HY_SIM_SYSTEM_ERROR;
    hy_sim_token_text(&x->sim->ids, token->text);
    token->app = x->app;
    token->expires_ms = x->now_ms + life_ms;
    token->dies_ms = INT64_MAX;
    if (hy_sim_table_add(&x->sim->tokens, &token->node) != 0) {
        free(token);
        return HY_SIM_SYSTEM_ERROR;
    }
    forget(x->sim, pair->previous);
    pair->previous = pair->current;
    pair->current = token;
    if (pair->previous && pair->previous->expires_ms > x->now_ms + overlap_ms)
        pair->previous->dies_ms = x->now_ms + overlap_ms;
    return 0;
}

static int answer(struct hy_sim_exchange *x, const struct hy_sim_token *token)
{
    hy_buf_printf(x->out, "{\"access_token\":\"%s\",\"expires_in\":%" PRId64 "}", token->text,
                  (token->expires_ms - x->now_ms) / 1000);
    return 0;
}

int hy_sim_run_token(struct hy_sim_exchange *x)
{
    int code = check_caller(x, hy_httpd_query(x->req, "grant_type"),
                            hy_httpd_query(x->req, "appid"), hy_httpd_query(x->req, "secret"));

    if (!code)
        code = count_call(x);
    if (!code)
        code = replace(x, &x->app->classic);
    return code ? code : answer(x, x->app->classic.current);
}

/* A forced refresh too soon after another does nothing; one too many in a day is refused. */
static int force(struct hy_sim_exchange *x)
{
    struct hy_sim_app *app = x->app;

    if (app->forced_ms && x->now_ms - app->forced_ms < force_spacing_ms)
        return 0;
    if (!hy_sim_counter_take(&app->forced, hy_sim_day_of(x->now_ms), FORCES_A_DAY))
        return HY_SIM_DAY_QUOTA;
    app->forced_ms = x->now_ms;
    return replace(x, &app->stable);
}

int hy_sim_run_stable_token(struct hy_sim_exchange *x)
{
    const json_t *forced = json_object_get(x->body, "force_refresh");
    const struct hy_sim_tokens *pair;
    int code = check_caller(x, hy_sim_body_text(x, "grant_type"), hy_sim_body_text(x, "appid"),
                            hy_sim_body_text(x, "secret"));

    if (!code && forced && !json_is_boolean(forced))
        code = HY_SIM_BAD_JSON;
    if (!code)
        code = count_call(x);
    if (code)
        return code;
    pair = &x->app->stable;
    if (!pair->current || pair->current->expires_ms - x->now_ms < renew_below_ms)
        code = replace(x, &x->app->stable);
    else if (json_is_true(forced))
        code = force(x);
    return code ? code : answer(x, pair->current);
}
