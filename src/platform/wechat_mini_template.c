#include "platform/wechat_mini.h"

#include "base/err.h"
#include "platform/wechat_wire.h"

#include <inttypes.h>
#include <string.h>

enum {
    ID_BYTES_MAX = 128,
    SCENE_BYTES_MAX = 256,
    CATEGORIES_BYTES_MAX = 1024,
    TITLES_MAX = 30, /* a page */
    LEGACY_MAX = 20,
};

/* --- what each call takes --------------------------------------------------------------------- */

static void put_add(struct hy_buf *url, struct hy_buf *body, const struct hy_template_ask *ask)
{
    hy_buf_puts(body, ask->legacy ? "{\"id\":" : "{\"tid\":");
    hy_wechat_put_text(body, ask->title_id);
    hy_buf_puts(body, ask->legacy ? ",\"keyword_id_list\":[" : ",\"kidList\":[");
    for (size_t i = 0; i < ask->keyword_count; i++)
        hy_buf_printf(body, "%s%" PRId64, i > 0 ? "," : "", ask->keywords[i]);
    hy_buf_putc(body, ']');
    if (!ask->legacy)
        hy_wechat_put_member(body, "sceneDesc", ask->scene);
    hy_buf_putc(body, '}');
}

static void put_delete(struct hy_buf *url, struct hy_buf *body, const struct hy_template_ask *ask)
{
    hy_buf_puts(body, ask->legacy ? "{\"template_id\":" : "{\"priTmplId\":");
    hy_wechat_put_text(body, ask->template_id);
    hy_buf_putc(body, '}');
}

static int64_t limit_of(const struct hy_template_ask *ask)
{
    int64_t max = ask->legacy ? LEGACY_MAX : TITLES_MAX;

    return ask->limit > 0 && ask->limit < max ? ask->limit : max;
}

static void put_titles(struct hy_buf *url, struct hy_buf *body, const struct hy_template_ask *ask)
{
    hy_buf_putc(url, '&');
    hy_wechat_put_param(url, "ids", ask->categories);
    hy_buf_printf(url, "&start=%" PRId64 "&limit=%" PRId64, ask->start, limit_of(ask));
}

static void put_keywords(struct hy_buf *url, struct hy_buf *body, const struct hy_template_ask *ask)
{
    hy_buf_putc(url, '&');
    hy_wechat_put_param(url, "tid", ask->title_id);
}

static void put_page(struct hy_buf *url, struct hy_buf *body, const struct hy_template_ask *ask)
{
    hy_buf_printf(body, "{\"offset\":%" PRId64 ",\"count\":%" PRId64 "}", ask->start,
                  limit_of(ask));
}

static void put_id(struct hy_buf *url, struct hy_buf *body, const struct hy_template_ask *ask)
{
    hy_buf_puts(body, "{\"id\":");
    hy_wechat_put_text(body, ask->title_id);
    hy_buf_putc(body, '}');
}

/* --- the calls -------------------------------------------------------------------------------- */

struct call {
    const char *path; /* null: there is none */
    bool post;
    void (*put)(struct hy_buf *url, struct hy_buf *body, const struct hy_template_ask *ask);
};

static const struct call calls[2][HY_TEMPLATE_OPS] = {
    {
        [HY_TEMPLATE_OP_LIST] = {"/wxaapi/newtmpl/gettemplate", false, NULL},
        [HY_TEMPLATE_OP_ADD] = {"/wxaapi/newtmpl/addtemplate", true, put_add},
        [HY_TEMPLATE_OP_DELETE] = {"/wxaapi/newtmpl/deltemplate", true, put_delete},
        [HY_TEMPLATE_OP_CATEGORIES] = {"/wxaapi/newtmpl/getcategory", false, NULL},
        [HY_TEMPLATE_OP_TITLES] = {"/wxaapi/newtmpl/getpubtemplatetitles", false, put_titles},
        [HY_TEMPLATE_OP_KEYWORDS] = {"/wxaapi/newtmpl/getpubtemplatekeywords", false, put_keywords},
    },
    {
        [HY_TEMPLATE_OP_LIST] = {"/cgi-bin/wxopen/template/list", true, put_page},
        [HY_TEMPLATE_OP_ADD] = {"/cgi-bin/wxopen/template/add", true, put_add},
        [HY_TEMPLATE_OP_DELETE] = {"/cgi-bin/wxopen/template/del", true, put_delete},
        [HY_TEMPLATE_OP_TITLES] = {"/cgi-bin/wxopen/template/library/list", true, put_page},
        [HY_TEMPLATE_OP_KEYWORDS] = {"/cgi-bin/wxopen/template/library/get", true, put_id},
    },
};

static bool has_parts(const struct hy_template_ask *ask)
{
    switch (ask->op) {
    case HY_TEMPLATE_OP_ADD:
        return hy_wechat_given_up_to(ask->title_id, ID_BYTES_MAX) &&
               ask->keyword_count <= HY_TEMPLATE_KEYWORDS_MAX &&
               (!ask->scene || strnlen(ask->scene, SCENE_BYTES_MAX + 1) <= SCENE_BYTES_MAX);
    case HY_TEMPLATE_OP_DELETE: return hy_wechat_given_up_to(ask->template_id, ID_BYTES_MAX);
    case HY_TEMPLATE_OP_TITLES:
        return ask->legacy || hy_wechat_given_up_to(ask->categories, CATEGORIES_BYTES_MAX);
    case HY_TEMPLATE_OP_KEYWORDS: return hy_wechat_given_up_to(ask->title_id, ID_BYTES_MAX);
    default: return true;
    }
}

int hy_wechat_mini_build_template(const struct hy_template_ask *ask, struct hy_arena *arena,
                                  struct hy_http_request *ret_request)
{
    const struct call *call;
    struct hy_buf url, body;

    if ((unsigned)ask->op >= HY_TEMPLATE_OPS || !hy_wechat_given(ask->base_url) ||
        !hy_wechat_given(ask->access_token) || ask->start < 0 || !has_parts(ask))
        return HY_E_INVALID;
    call = &calls[ask->legacy][ask->op];
    if (!call->path)
        return HY_E_INVALID;
    hy_buf_init(&url, HY_WECHAT_URL_BYTES_MAX);
    hy_buf_init(&body, HY_WECHAT_BODY_BYTES_MAX);
    hy_wechat_put_url(&url, ask->base_url, call->path, ask->access_token);
    if (call->put)
        call->put(&url, &body, ask);
    return hy_wechat_finish(&url, call->post ? &body : NULL, arena, ret_request);
}
