#include "sim/post.h"

#include "sim/envelope.h"
#include "sim/pusher.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { POST_MAX_BYTES = 4 << 20, PLAIN = 0, COMPATIBLE = 1 };

/* --- XML -------------------------------------------------------------------------------------- */

bool hy_sim_post_name_ok(const char *name)
{
    if (!isalpha((unsigned char)*name) && *name != '_')
        return false;
    while (isalnum((unsigned char)*name) || *name == '_' || *name == '-' || *name == '.')
        name++;
    return !*name;
}

/* The mark that ends CDATA is divided between two of them. */
static void put_cdata(struct hy_buf *out, const char *text)
{
    const char *end;

    hy_buf_puts(out, "<![CDATA[");
    while ((end = strstr(text, "]]>"))) {
        hy_buf_append(out, text, (size_t)(end - text) + 2);
        hy_buf_puts(out, "]]><![CDATA[");
        text = end + 2;
    }
    hy_buf_puts(out, text);
    hy_buf_puts(out, "]]>");
}

static void put_members(struct hy_buf *out, const json_t *object);

static void put_element(struct hy_buf *out, const char *name, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        put_element(out, name, json_array_get(value, i));
    if (json_is_array(value))
        return;
    hy_buf_printf(out, "<%s>", name);
    if (json_is_object(value))
        put_members(out, value);
    else if (json_is_string(value))
        put_cdata(out, json_string_value(value));
    else if (!json_is_null(value))
        hy_json_write(out, value);
    hy_buf_printf(out, "</%s>", name);
}

static void put_members(struct hy_buf *out, const json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value) put_element(out, name, value);
}

void hy_sim_post_write(const json_t *tree, bool xml, struct hy_buf *out)
{
    if (xml)
        put_element(out, "xml", tree);
    else
        hy_json_write(out, tree);
}

/* --- signing and sealing ---------------------------------------------------------------------- */

struct letter {
    struct hy_buf url, body, plain;
    const char *token;
    char timestamp[24], nonce[HY_SIM_NONCE_BYTES];
};

static void begin(struct letter *letter, struct hy_sim *sim, const struct hy_sim_push *push)
{
    hy_buf_init(&letter->url, POST_MAX_BYTES);
    hy_buf_init(&letter->body, POST_MAX_BYTES);
    hy_buf_init(&letter->plain, POST_MAX_BYTES);
    letter->token = push->token;
    snprintf(letter->timestamp, sizeof letter->timestamp, "%" PRId64, hy_sim_now_ms(sim) / 1000);
    hy_sim_nonce(&sim->ids, letter->nonce);
}

static void end(struct letter *letter)
{
    hy_buf_deinit(&letter->url);
    hy_buf_deinit(&letter->body);
    hy_buf_deinit(&letter->plain);
}

/* `sealed` null: the signature of three, which covers no body. */
static void put_signature(struct letter *letter, const char *name, const char *sealed)
{
    const char *parts[] = {letter->token, letter->timestamp, letter->nonce, sealed};
    char signature[HY_SIM_SIGNATURE_BYTES];

    hy_sim_sign(parts, sealed ? 4 : 3, signature);
    hy_buf_printf(&letter->url, "%s=%s", name, signature);
}

static void put_query(struct letter *letter, const char *url)
{
    hy_buf_puts(&letter->url, url);
    hy_buf_putc(&letter->url, strchr(url, '?') ? '&' : '?');
    put_signature(letter, "signature", NULL);
    hy_buf_printf(&letter->url, "&timestamp=%s&nonce=%s", letter->timestamp, letter->nonce);
}

void hy_sim_post_put_question(struct hy_sim *sim, const struct hy_sim_push *push,
                              const char *echostr, struct hy_buf *out)
{
    struct letter letter;

    begin(&letter, sim, push);
    put_query(&letter, push->url);
    hy_buf_append(out, hy_buf_text(&letter.url), letter.url.size);
    hy_buf_printf(out, "&echostr=%s", echostr);
    end(&letter);
}

/* In compatible mode Encrypt comes beside the plain members, in safe mode beside ToUserName. */
static void put_sealed(struct letter *letter, struct hy_sim *sim, const struct hy_sim_app *app,
                       const json_t *tree)
{
    HY_JSON_SCOPED json_t *outer =
        app->push.mode == COMPATIBLE
            ? json_copy((json_t *)tree)
            : json_pack("{s:O}", "ToUserName", json_object_get(tree, "ToUserName"));
    struct hy_buf sealed;
    char salt[HY_SIM_SALT_BYTES];

    hy_buf_init(&sealed, POST_MAX_BYTES);
    hy_sim_salt(&sim->ids, salt);
    if (hy_sim_seal(app->push.aes_key, app->appid, salt, hy_buf_text(&letter->plain),
                    letter->plain.size, &sealed) != 0)
        sealed.failed = true;
    json_object_set_new(outer, "Encrypt", json_string(hy_buf_text(&sealed)));
    hy_sim_post_write(outer, app->push.xml, &letter->body);
    hy_buf_puts(&letter->url, "&encrypt_type=aes&");
    put_signature(letter, "msg_signature", hy_buf_text(&sealed));
    letter->body.failed |= sealed.failed || !outer;
    hy_buf_deinit(&sealed);
}

static void write_letter(struct letter *letter, struct hy_sim *sim, const struct hy_sim_app *app,
                         const char *openid, const json_t *tree)
{
    put_query(letter, app->push.url);
    hy_buf_puts(&letter->url, "&openid=");
    hy_buf_put_urlencoded(&letter->url, openid);
    hy_sim_post_write(tree, app->push.xml, &letter->plain);
    if (app->push.mode == PLAIN)
        hy_buf_append(&letter->body, hy_buf_text(&letter->plain), letter->plain.size);
    else
        put_sealed(letter, sim, app, tree);
}

/* --- posting ---------------------------------------------------------------------------------- */

static void post(struct hy_sim *sim, const struct hy_sim_app *app, const char *openid,
                 const char *event, const json_t *tree, int64_t due_ms)
{
    struct letter letter;
    struct hy_sim_push_order order = {.appid = app->appid,
                                      .openid = openid,
                                      .event = event,
                                      .content_type =
                                          app->push.xml ? "text/xml" : "application/json",
                                      .due_ms = due_ms};

    begin(&letter, sim, &app->push);
    write_letter(&letter, sim, app, openid, tree);
    order.url = hy_buf_text(&letter.url);
    order.body = hy_buf_text(&letter.body);
    order.plain = app->push.mode == PLAIN ? NULL : hy_buf_text(&letter.plain);
    if (hy_buf_ok(&letter.url) && hy_buf_ok(&letter.body) && hy_buf_ok(&letter.plain))
        hy_sim_pusher_add(sim->pusher, &order);
    else
        hy_sim_pusher_drop(sim->pusher);
    end(&letter);
}

void hy_sim_post_event(struct hy_sim *sim, const struct hy_sim_app *app, const char *openid,
                       const char *event, json_t *tree, int64_t due_ms)
{
    if (!tree)
        hy_sim_pusher_drop(sim->pusher);
    for (int64_t i = 0; tree && app->push.url && i <= app->push.duplicate; i++)
        post(sim, app, openid, event, tree, due_ms);
    json_decref(tree);
}
