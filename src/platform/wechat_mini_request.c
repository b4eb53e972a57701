#include "platform/wechat_mini.h"

#include "base/err.h"
#include "platform/wechat_wire.h"

#include <stdio.h>
#include <string.h>

enum { LOGIN_CODE_BYTES_MAX = 256 }; /* 32 or 33 are seen */

/* --- tokens ----------------------------------------------------------------------------------- */

static int build_classic(const struct hy_token_ask *ask, struct hy_arena *arena,
                         struct hy_http_request *ret_request)
{
    struct hy_buf url;

    hy_buf_init(&url, HY_WECHAT_URL_BYTES_MAX);
    hy_buf_puts(&url, ask->base_url);
    hy_buf_puts(&url, "/cgi-bin/token?grant_type=client_credential&");
    hy_wechat_put_param(&url, "appid", ask->app_id);
    hy_buf_putc(&url, '&');
    hy_wechat_put_param(&url, "secret", ask->secret);
    return hy_wechat_finish(&url, NULL, arena, ret_request);
}

static int build_stable(const struct hy_token_ask *ask, struct hy_arena *arena,
                        struct hy_http_request *ret_request)
{
    struct hy_buf url, body;

    hy_buf_init(&url, HY_WECHAT_URL_BYTES_MAX);
    hy_buf_init(&body, HY_WECHAT_BODY_BYTES_MAX);
    hy_buf_puts(&url, ask->base_url);
    hy_buf_puts(&url, "/cgi-bin/stable_token");
    hy_buf_puts(&body, "{\"grant_type\":\"client_credential\"");
    hy_wechat_put_member(&body, "appid", ask->app_id);
    hy_wechat_put_member(&body, "secret", ask->secret);
    if (ask->force)
        hy_buf_puts(&body, ",\"force_refresh\":true");
    hy_buf_putc(&body, '}');
    return hy_wechat_finish(&url, &body, arena, ret_request);
}

int hy_wechat_mini_build_token(const struct hy_token_ask *ask, struct hy_arena *arena,
                               struct hy_http_request *ret_request)
{
    if (!hy_wechat_given(ask->base_url) || !hy_wechat_given(ask->app_id) ||
        !hy_wechat_given(ask->secret))
        return HY_E_INVALID;
    return ask->mode == HY_TOKEN_CLASSIC ? build_classic(ask, arena, ret_request)
                                         : build_stable(ask, arena, ret_request);
}

/* --- sending ---------------------------------------------------------------------------------- */

/* A page that begins with a slash was refused by the retired templates and is the same page. */
static const char *page_of(const struct hy_message *m)
{
    return m->page && m->page[0] == '/' ? m->page + 1 : m->page;
}

static void put_template_members(struct hy_buf *b, const struct hy_send_ask *ask)
{
    const struct hy_message *m = ask->message;
    char keyword[128]; /* a key of data: 31 characters at most */

    hy_wechat_put_member(b, "form_id", ask->grant->credential);
    hy_buf_puts(b, ",\"data\":");
    hy_buf_puts(b, m->data);
    if (hy_wechat_given(m->emphasis)) {
        snprintf(keyword, sizeof keyword, "%.*s.DATA", (int)hy_wechat_mini_key_length(m->emphasis),
                 m->emphasis);
        hy_wechat_put_member(b, "emphasis_keyword", keyword);
    }
}

static void put_subscribe_members(struct hy_buf *b, const struct hy_message *m)
{
    hy_buf_puts(b, ",\"data\":");
    hy_buf_puts(b, m->data);
    hy_wechat_put_member(b, "miniprogram_state", m->miniprogram_state);
    hy_wechat_put_member(b, "lang", m->lang);
}

/* Its members stand behind ours; none of them has a name of ours (check_extra). */
static void put_extra_members(struct hy_buf *b, const char *extra)
{
    size_t size = extra ? strlen(extra) : 0;

    if (size <= 2) /* {} */
        return;
    hy_buf_putc(b, ',');
    hy_buf_append(b, extra + 1, size - 2);
}

static bool can_be_sent(const struct hy_send_ask *ask, bool receipt)
{
    const struct hy_message *m = ask->message;

    return hy_wechat_given(ask->base_url) && hy_wechat_given(ask->access_token) &&
           hy_wechat_given(m->user) && hy_wechat_given(m->template_id) &&
           hy_wechat_given(m->data) &&
           (receipt ? hy_wechat_given(ask->grant->credential)
                    : m->template_kind != HY_TEMPLATE_LEGACY);
}

static void put_send_body(struct hy_buf *b, const struct hy_send_ask *ask, bool receipt)
{
    const struct hy_message *m = ask->message;

    hy_buf_puts(b, "{\"touser\":");
    hy_wechat_put_text(b, m->user);
    hy_wechat_put_member(b, "template_id", m->template_id);
    hy_wechat_put_member(b, "page", page_of(m));
    if (receipt)
        put_template_members(b, ask);
    else
        put_subscribe_members(b, m);
    put_extra_members(b, m->extra);
    hy_buf_putc(b, '}');
}

/* Only a receipt goes the way of the retired templates. Without one, a template that nobody knows
 * is taken for one of today's. */
int hy_wechat_mini_build_send(const struct hy_send_ask *ask, struct hy_arena *arena,
                              struct hy_http_request *ret_request, const char **ret_api)
{
    bool receipt = ask->grant && ask->grant->id && hy_grant_is_receipt(ask->grant->kind);
    struct hy_buf url, body;
    int err;

    if (!can_be_sent(ask, receipt))
        return HY_E_INVALID;
    hy_buf_init(&url, HY_WECHAT_URL_BYTES_MAX);
    hy_buf_init(&body, HY_WECHAT_BODY_BYTES_MAX);
    hy_wechat_put_url(&url, ask->base_url,
                      receipt ? "/cgi-bin/message/wxopen/template/send"
                              : "/cgi-bin/message/subscribe/send",
                      ask->access_token);
    put_send_body(&body, ask, receipt);
    err = hy_wechat_finish(&url, &body, arena, ret_request);
    if (err == 0)
        *ret_api = receipt ? HY_WECHAT_API_TEMPLATE_SEND : HY_WECHAT_API_SUBSCRIBE_SEND;
    return err;
}

/* --- logging in ------------------------------------------------------------------------------- */

int hy_wechat_mini_build_login(const struct hy_login_ask *ask, struct hy_arena *arena,
                               struct hy_http_request *ret_request)
{
    struct hy_buf url;

    if (!hy_wechat_given(ask->base_url) || !hy_wechat_given(ask->app_id) ||
        !hy_wechat_given(ask->secret) || !hy_wechat_given_up_to(ask->code, LOGIN_CODE_BYTES_MAX))
        return HY_E_INVALID;
    hy_buf_init(&url, HY_WECHAT_URL_BYTES_MAX);
    hy_buf_puts(&url, ask->base_url);
    hy_buf_puts(&url, "/sns/jscode2session?");
    hy_wechat_put_param(&url, "appid", ask->app_id);
    hy_buf_putc(&url, '&');
    hy_wechat_put_param(&url, "secret", ask->secret);
    hy_buf_putc(&url, '&');
    hy_wechat_put_param(&url, "js_code", ask->code);
    hy_buf_puts(&url, "&grant_type=authorization_code");
    return hy_wechat_finish(&url, NULL, arena, ret_request);
}
