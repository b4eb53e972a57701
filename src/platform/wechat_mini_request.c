#include "platform/wechat_mini.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

enum { URL_BYTES_MAX = 4096, BODY_BYTES_MAX = 1024 * 1024 };

static const char *const secret_params[] = {"access_token", "secret", NULL};

/* --- pieces ----------------------------------------------------------------------------------- */

static bool given(const char *text)
{
    return text && *text;
}

static void put_text(struct hy_buf *b, const char *text)
{
    HY_JSON_SCOPED json_t *value = json_string(text);

    hy_json_write(b, value);
}

/* ,"name":"text" (the first member of an object is written without it); nothing when not given. */
static void put_member(struct hy_buf *b, const char *name, const char *text)
{
    if (!given(text))
        return;
    hy_buf_printf(b, ",\"%s\":", name);
    put_text(b, text);
}

static void put_param(struct hy_buf *b, const char *name, const char *value)
{
    hy_buf_puts(b, name);
    hy_buf_putc(b, '=');
    hy_buf_put_urlencoded(b, value);
}

/* Moves both buffers into the arena; `body` may be null. */
static int finish(struct hy_buf *url, struct hy_buf *body, struct hy_arena *arena,
                  struct hy_http_request *ret_request)
{
    struct hy_http_request r = {.method = body ? "POST" : "GET", .secret_params = secret_params};

    if (hy_buf_ok(url) && (!body || hy_buf_ok(body))) {
        r.url = hy_arena_memdup(arena, hy_buf_text(url), url->size);
        r.body = body ? hy_arena_memdup(arena, hy_buf_text(body), body->size) : NULL;
        r.body_size = body ? body->size : 0;
    }
    hy_buf_deinit(url);
    if (!r.url || (body && !r.body)) {
        if (body)
            hy_buf_deinit(body);
        return HY_E_NOMEM;
    }
    if (body) {
        hy_buf_deinit(body);
        r.headers[r.header_count++] = (struct hy_http_header){"Content-Type", "application/json"};
    }
    *ret_request = r;
    return 0;
}

/* --- tokens ----------------------------------------------------------------------------------- */

static int build_classic(const struct hy_token_ask *ask, struct hy_arena *arena,
                         struct hy_http_request *ret_request)
{
    struct hy_buf url;

    hy_buf_init(&url, URL_BYTES_MAX);
    hy_buf_puts(&url, ask->base_url);
    hy_buf_puts(&url, "/cgi-bin/token?grant_type=client_credential&");
    put_param(&url, "appid", ask->app_id);
    hy_buf_putc(&url, '&');
    put_param(&url, "secret", ask->secret);
    return finish(&url, NULL, arena, ret_request);
}

static int build_stable(const struct hy_token_ask *ask, struct hy_arena *arena,
                        struct hy_http_request *ret_request)
{
    struct hy_buf url, body;

    hy_buf_init(&url, URL_BYTES_MAX);
    hy_buf_init(&body, BODY_BYTES_MAX);
    hy_buf_puts(&url, ask->base_url);
    hy_buf_puts(&url, "/cgi-bin/stable_token");
    hy_buf_puts(&body, "{\"grant_type\":\"client_credential\"");
    put_member(&body, "appid", ask->app_id);
    put_member(&body, "secret", ask->secret);
    if (ask->force)
        hy_buf_puts(&body, ",\"force_refresh\":true");
    hy_buf_putc(&body, '}');
    return finish(&url, &body, arena, ret_request);
}

int hy_wechat_mini_build_token(const struct hy_token_ask *ask, struct hy_arena *arena,
                               struct hy_http_request *ret_request)
{
    if (!given(ask->base_url) || !given(ask->app_id) || !given(ask->secret))
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

    put_member(b, "form_id", ask->grant->credential);
    hy_buf_puts(b, ",\"data\":");
    hy_buf_puts(b, m->data);
    if (given(m->emphasis)) {
        snprintf(keyword, sizeof keyword, "%.*s.DATA",
                 (int)hy_wechat_mini_emphasis_length(m->emphasis), m->emphasis);
        put_member(b, "emphasis_keyword", keyword);
    }
}

static void put_subscribe_members(struct hy_buf *b, const struct hy_message *m)
{
    hy_buf_puts(b, ",\"data\":");
    hy_buf_puts(b, m->data);
    put_member(b, "miniprogram_state", m->miniprogram_state);
    put_member(b, "lang", m->lang);
}

static bool can_be_sent(const struct hy_send_ask *ask, bool receipt)
{
    const struct hy_message *m = ask->message;

    return given(ask->base_url) && given(ask->access_token) && given(m->user) &&
           given(m->template_id) && given(m->data) && (!receipt || given(ask->grant->credential));
}

int hy_wechat_mini_build_send(const struct hy_send_ask *ask, struct hy_arena *arena,
                              struct hy_http_request *ret_request, const char **ret_api)
{
    bool receipt = ask->grant && ask->grant->id && hy_grant_is_receipt(ask->grant->kind);
    struct hy_buf url, body;
    int err;

    if (!can_be_sent(ask, receipt))
        return HY_E_INVALID;
    hy_buf_init(&url, URL_BYTES_MAX);
    hy_buf_init(&body, BODY_BYTES_MAX);
    hy_buf_puts(&url, ask->base_url);
    hy_buf_puts(&url, receipt ? "/cgi-bin/message/wxopen/template/send?"
                              : "/cgi-bin/message/subscribe/send?");
    put_param(&url, "access_token", ask->access_token);
    hy_buf_puts(&body, "{\"touser\":");
    put_text(&body, ask->message->user);
    put_member(&body, "template_id", ask->message->template_id);
    put_member(&body, "page", page_of(ask->message));
    if (receipt)
        put_template_members(&body, ask);
    else
        put_subscribe_members(&body, ask->message);
    hy_buf_putc(&body, '}');
    err = finish(&url, &body, arena, ret_request);
    if (err == 0)
        *ret_api = receipt ? HY_WECHAT_API_TEMPLATE_SEND : HY_WECHAT_API_SUBSCRIBE_SEND;
    return err;
}
