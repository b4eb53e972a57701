/* What one phone received. */
#include "base/instant.h"
#include "net/httpd.h"
#include "sim/control.h"

#include <inttypes.h>

static void put_member(struct hy_buf *out, const char *name, const json_t *request,
                       const char *otherwise)
{
    const char *text = json_string_value(json_object_get(request, name));

    hy_buf_printf(out, ",\"%s\":", name);
    hy_sim_put_text(out, text ? text : otherwise);
}

static void put_data(struct hy_buf *out, const json_t *request)
{
    const json_t *data = json_object_get(request, "data");

    hy_buf_puts(out, ",\"data\":");
    if (json_is_object(data))
        hy_json_write(out, data);
    else
        hy_buf_puts(out, "{}");
}

/* A msgid is beyond 2^53, so it is written as a text. */
static void put_message(struct hy_buf *out, const struct hy_sim_message *m)
{
    HY_JSON_SCOPED json_t *request = hy_json_parse(m->request, m->size, NULL, 0);
    char at[HY_INSTANT_TEXT_BYTES];
    bool legacy = m->msgid == 0;

    hy_buf_printf(out, "{\"at\":\"%s\"", hy_instant_print(m->at_ms, at));
    put_member(out, "template_id", request, NULL);
    put_member(out, "page", request, NULL);
    put_data(out, request);
    put_member(out, "emphasis_keyword", request, NULL);
    put_member(out, "form_id", request, NULL);
    put_member(out, "miniprogram_state", request, legacy ? NULL : "formal");
    put_member(out, "lang", request, legacy ? NULL : "zh_CN");
    if (legacy)
        hy_buf_puts(out, ",\"msgid\":null}");
    else
        hy_buf_printf(out, ",\"msgid\":\"%" PRIu64 "\"}", m->msgid);
}

/* `received` counts those that are no longer kept, too. */
void hy_sim_control_phone(struct hy_sim_control *c)
{
    const struct hy_sim_app *app = hy_sim_control_app(c, hy_httpd_query(c->req, "appid"));
    const struct hy_sim_user *user = hy_sim_control_user(c, app, hy_httpd_query(c->req, "openid"));

    if (!user)
        return;
    hy_buf_printf(c->out, "{\"received\":%u,\"messages\":[", user->phone.received);
    for (const struct hy_sim_message *m = user->phone.oldest; m; m = m->next) {
        if (m != user->phone.oldest)
            hy_buf_putc(c->out, ',');
        put_message(c->out, m);
    }
    hy_buf_puts(c->out, "]}");
}
