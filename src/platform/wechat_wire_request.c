#include "platform/wechat_wire.h"

#include "base/err.h"

#include <string.h>

/* Of all calls: a code of wx.login is as good as the user until it is used. */
static const char *const secret_params[] = {"access_token", "secret", "js_code", NULL};

bool hy_wechat_given(const char *text)
{
    return text && *text;
}

bool hy_wechat_given_up_to(const char *text, size_t max_bytes)
{
    return hy_wechat_given(text) && strnlen(text, max_bytes + 1) <= max_bytes;
}

void hy_wechat_put_text(struct hy_buf *b, const char *text)
{
    hy_json_write_text(b, text);
}

void hy_wechat_put_member(struct hy_buf *b, const char *name, const char *text)
{
    if (!hy_wechat_given(text))
        return;
    hy_buf_puts(b, ",\"");
    hy_buf_puts(b, name);
    hy_buf_puts(b, "\":");
    hy_wechat_put_text(b, text);
}

void hy_wechat_put_param(struct hy_buf *b, const char *name, const char *value)
{
    hy_buf_puts(b, name);
    hy_buf_putc(b, '=');
    hy_buf_put_urlencoded(b, value);
}

void hy_wechat_put_url(struct hy_buf *b, const char *base_url, const char *path,
                       const char *access_token)
{
    hy_buf_puts(b, base_url);
    hy_buf_puts(b, path);
    hy_buf_putc(b, '?');
    hy_wechat_put_param(b, "access_token", access_token);
}

int hy_wechat_finish(struct hy_buf *url, struct hy_buf *body, struct hy_arena *arena,
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
