/* Subscribe messages: the person's accepts are what a send costs. */
#include "sim/calls.h"
#include "sim/events.h"
#include "sim/fields.h"

#include <inttypes.h>
#include <string.h>

/* The platform cuts this text, without the rid, at so many bytes. */
enum { ARGUMENT_TEXT_BYTES = 48 };

static bool may_send(const struct hy_sim_user *user, const struct hy_sim_permit *permit)
{
    return permit && !user->switched_off && !permit->withdrawn &&
           (permit->always || permit->accepts > 0);
}

static int refuse_value(struct hy_sim_exchange *x, const char *key, const char *what)
{
    size_t length;

    snprintf(x->errmsg, sizeof x->errmsg, "argument invalid! data.%s.value %s", key, what);
    length = strlen(x->errmsg);
    if (length > ARGUMENT_TEXT_BYTES)
        x->errmsg[ARGUMENT_TEXT_BYTES] = 0;
    return HY_SIM_BAD_ARGUMENT;
}

/* Keys beyond the template's are ignored; the first of the template's that is wrong is named. */
static int check_data(struct hy_sim_exchange *x, const struct hy_sim_template *tpl)
{
    const json_t *data = json_object_get(x->body, "data");

    for (size_t i = 0; i < tpl->keyword_count; i++) {
        const struct hy_sim_keyword *keyword = &tpl->keywords[i];
        const json_t *value = json_object_get(json_object_get(data, keyword->key), "value");

        if (!value || json_is_null(value) || (json_is_string(value) && !json_string_length(value)))
            return refuse_value(x, keyword->key, "is empty");
        if (!json_is_string(value) ||
            !hy_sim_field_ok(keyword->key, json_string_value(value), keyword->choices))
            return refuse_value(x, keyword->key, "invalid");
    }
    return 0;
}

static bool holds_one_of(const char *value, hy_sim_texts words)
{
    while (*words && !strstr(value, *words))
        words++;
    return *words != NULL;
}

/* Only what the template shows is read. */
static int check_content(const struct hy_sim_exchange *x, const struct hy_sim_template *tpl)
{
    const json_t *data = json_object_get(x->body, "data");

    for (size_t i = 0; i < tpl->keyword_count; i++) {
        const json_t *item = json_object_get(data, tpl->keywords[i].key);

        if (holds_one_of(json_string_value(json_object_get(item, "value")), x->app->sensitive))
            return HY_SIM_SENSITIVE;
    }
    return 0;
}

static int check_page(const struct hy_sim_exchange *x)
{
    const char *page = hy_sim_body_text(x, "page");

    return page && *page && !hy_sim_page_known(x->app, page) ? HY_SIM_BAD_PAGE : 0;
}

/* Everything that stands between the request and the phone, in the platform's order. */
static int check(struct hy_sim_exchange *x, struct hy_sim_template **ret_tpl,
                 struct hy_sim_permit **ret_permit)
{
    int code = hy_sim_send_target(x, false, ret_tpl);

    /* Overlapping calls for one person are refused before her permission is looked at. */
    if (code != HY_SIM_BAD_OPENID && x->user->in_flight > 1)
        code = HY_SIM_CONCURRENT;
    if (code)
        return code;
    *ret_permit = hy_sim_permit_of(x->user, *ret_tpl, false);
    if (!may_send(x->user, *ret_permit))
        return HY_SIM_USER_REFUSES;
    code = check_data(x, *ret_tpl);
    if (!code)
        code = check_content(x, *ret_tpl);
    return code ? code : check_page(x);
}

int hy_sim_run_send_subscribe(struct hy_sim_exchange *x)
{
    struct hy_sim_permit *permit;
    struct hy_sim_template *tpl;
    int code = check(x, &tpl, &permit);
    uint64_t msgid;

    if (code)
        return code;
    msgid = hy_sim_msgid(&x->sim->ids);
    code = hy_sim_send_deliver(x, msgid);
    if (code)
        return code;
    if (!permit->always)
        permit->accepts--;
    if (x->app->push.url)
        hy_sim_event_sent(x->sim, x->user, tpl, msgid);
    if (!x->app->tells_msgid)
        return hy_sim_ok(x);
    hy_buf_printf(x->out, "{\"errcode\":0,\"errmsg\":\"ok\",\"msgid\":%" PRIu64 "}", msgid);
    return 0;
}
