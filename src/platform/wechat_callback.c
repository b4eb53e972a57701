#include "platform/wechat_callback.h"

#include "base/err.h"
#include "crypto/envelope.h"
#include "crypto/secret.h"
#include "platform/wechat_wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ECHO_BYTES_MAX = 1024 };

/* One callback on its way. Each step says whether the next may be taken; if not, verdict and `why`
 * stand in `c`, or `err` is set. */
struct run {
    const struct hy_callback_ask *ask;
    struct hy_arena *arena;
    struct hy_callback *c;
    enum hy_callback_mode mode;
    const char *timestamp, *nonce;
    int err;
};

static bool end(struct run *r, enum hy_callback_verdict verdict, const char *why)
{
    r->c->verdict = verdict;
    r->c->why = why;
    return false;
}

static bool reply(struct run *r, const char *text)
{
    r->c->verdict = HY_CALLBACK_ECHO;
    r->c->reply = text;
    return false;
}

static const char *query(const struct run *r, const char *name)
{
    return r->ask->query(r->ask->self, name);
}

/* --- is it from WeChat? ----------------------------------------------------------------------- */

static bool verify(struct run *r, const char *const parts[], size_t count, const char *shown,
                   const char *why)
{
    int err = hy_envelope_verify(r->ask->token, parts, count, shown);

    if (err == HY_E_NOMEM)
        r->err = err;
    return err == 0 || end(r, HY_CALLBACK_DENIED, why);
}

static bool is_signed(struct run *r)
{
    const char *const parts[] = {r->timestamp, r->nonce};
    const char *signature = query(r, "signature");

    if (!hy_wechat_given(r->timestamp) || !hy_wechat_given(r->nonce) || !hy_wechat_given(signature))
        return end(r, HY_CALLBACK_DENIED,
                   "A callback needs signature, timestamp and nonce in its query.");
    return verify(r, parts, 2, signature, "The signature does not fit the app's callback_token.");
}

/* In both directions: a timestamp of tomorrow would make a recorded callback good until then. */
static bool is_recent(struct run *r)
{
    HY_JSON_SCOPED json_t *text = json_string(r->timestamp);
    int64_t at_s, away_s;

    if (r->ask->max_age_s <= 0)
        return true;
    if (!hy_wechat_read_number(text, &at_s) || at_s < 0)
        return end(r, HY_CALLBACK_DENIED, "The timestamp is not a number of seconds.");
    away_s = r->ask->now_ms / 1000 - at_s;
    if (away_s > r->ask->max_age_s || away_s < -r->ask->max_age_s)
        return end(r, HY_CALLBACK_DENIED,
                   "The timestamp is further from now than callback_max_age_s.");
    return true;
}

/* --- checks of the address -------------------------------------------------------------------- */

static bool is_visible(const char *text)
{
    for (; *text; text++) {
        if (*text <= ' ' || *text > '~')
            return false;
    }
    return true;
}

static bool answer_echo(struct run *r)
{
    const char *echo = query(r, "echostr"), *copy;

    if (!hy_wechat_given_up_to(echo, ECHO_BYTES_MAX) || !is_visible(echo))
        return end(r, HY_CALLBACK_MALFORMED, "A check of the address needs an echostr.");
    copy = hy_arena_strdup(r->arena, echo);
    if (!copy)
        r->err = HY_E_NOMEM;
    return reply(r, copy);
}

/* WeChat's cloud asks so whether the path is there. */
static bool is_container_check(const json_t *body)
{
    const char *action = json_string_value(json_object_get(body, "action"));

    return action && strcmp(action, "CheckContainerPath") == 0;
}

/* --- bytes ------------------------------------------------------------------------------------ */

static json_t *parse(struct run *r, const char *bytes, size_t size)
{
    const char *why = "The body is neither XML nor a JSON object.";
    json_t *value = NULL;
    size_t start = 0;

    while (start < size && (bytes[start] == ' ' || (bytes[start] >= '\t' && bytes[start] <= '\r')))
        start++;
    if (size > HY_WECHAT_CALLBACK_BYTES_MAX) {
        why = "The body is too long.";
    } else if (start < size && bytes[start] == '<') {
        if (hy_wechat_read_xml(bytes + start, size - start, &value, &why) == HY_E_NOMEM)
            r->err = HY_E_NOMEM;
    } else if (start < size && bytes[start] == '{') {
        why = "The body is not valid JSON.";
        value = hy_json_parse(bytes, size, NULL, 0);
    }
    if (!value)
        end(r, HY_CALLBACK_MALFORMED, why);
    return value;
}

/* --- envelopes -------------------------------------------------------------------------------- */

static bool open_with(struct run *r, const uint8_t *key, const char *encrypt, char **ret_message,
                      size_t *ret_size)
{
    int err = hy_envelope_open(key, r->ask->app_id, encrypt, r->arena, ret_message, ret_size);

    if (err == HY_E_NOMEM)
        r->err = err;
    if (err == HY_E_INVALID || err == HY_E_LIMIT)
        return end(r, HY_CALLBACK_MALFORMED, "Encrypt is not what WeChat would write.");
    return err == 0 || end(r, HY_CALLBACK_DENIED,
                           "Encrypt does not open with the app's callback_aes_key, or it is for "
                           "another app.");
}

/* The message inside; null when it is not to be opened. Nothing is deciphered before msg_signature
 * was found good. */
static json_t *open_encrypt(struct run *r, const char *encrypt)
{
    const char *const parts[] = {r->timestamp, r->nonce, encrypt};
    uint8_t key[HY_ENVELOPE_KEY_BYTES];
    char *message;
    size_t size;
    bool opened;

    if (!r->ask->aes_key || hy_envelope_key_parse(r->ask->aes_key, key) != 0) {
        end(r, HY_CALLBACK_DENIED, "The app has no callback_aes_key that could open it.");
        return NULL;
    }
    opened = verify(r, parts, 3, query(r, "msg_signature"),
                    "The msg_signature does not fit the body and the app's callback_token.") &&
             open_with(r, key, encrypt, &message, &size);
    hy_wipe(key, sizeof key);
    return opened ? parse(r, message, size) : NULL;
}

/* --- plain and sealed together ---------------------------------------------------------------- */

static bool differ(const json_t *plain, const json_t *sealed);

/* Numbers may be texts on one side. */
static bool scalars_differ(const json_t *a, const json_t *b)
{
    int64_t x, y;

    if (hy_wechat_read_number(a, &x) && hy_wechat_read_number(b, &y))
        return x != y;
    return !json_equal(a, b);
}

static bool arrays_differ(const json_t *a, const json_t *b)
{
    size_t size = json_array_size(a);

    if (size != json_array_size(b))
        return true;
    for (size_t i = 0; i < size; i++) {
        if (differ(json_array_get(a, i), json_array_get(b, i)))
            return true;
    }
    return false;
}

/* What stands on one side only is no contradiction: the sealed side is the one that is believed. */
static bool objects_differ(const json_t *a, const json_t *b)
{
    const char *name;
    json_t *member;

    json_object_foreach((json_t *)a, name, member)
    {
        const json_t *other = json_object_get(b, name);

        if (other && differ(member, other))
            return true;
    }
    return false;
}

static bool differ(const json_t *plain, const json_t *sealed)
{
    if (json_is_array(plain) && json_is_array(sealed))
        return arrays_differ(plain, sealed);
    if (json_is_object(plain) && json_is_object(sealed))
        return objects_differ(plain, sealed);
    return scalars_differ(plain, sealed);
}

/* --- forms ------------------------------------------------------------------------------------ */

static enum hy_callback_mode mode_of(const struct hy_callback_ask *ask)
{
    if (ask->mode != HY_CALLBACK_AUTO)
        return ask->mode;
    return ask->aes_key ? HY_CALLBACK_SAFE : HY_CALLBACK_PLAIN;
}

/* In safe mode ToUserName stands outside, too, so that alone makes nothing plain. */
static enum hy_callback_mode form_of(const json_t *body)
{
    static const char *const telling[] = {"FromUserName", "MsgType", "Event"};

    if (!json_is_string(json_object_get(body, "Encrypt")))
        return HY_CALLBACK_PLAIN;
    for (size_t i = 0; i < sizeof telling / sizeof *telling; i++) {
        if (json_object_get(body, telling[i]))
            return HY_CALLBACK_COMPATIBLE;
    }
    return HY_CALLBACK_SAFE;
}

/* The message that may be believed; null when there is none. The caller owns it. */
static json_t *unwrap(struct run *r, json_t *body)
{
    enum hy_callback_mode form = form_of(body);
    json_t *message;

    if (form < r->mode) {
        end(r, HY_CALLBACK_DENIED, "The callback is less protected than the app's callback_mode.");
        return NULL;
    }
    if (form == HY_CALLBACK_COMPATIBLE && r->mode == HY_CALLBACK_PLAIN && !r->ask->aes_key)
        form = HY_CALLBACK_PLAIN;
    if (form == HY_CALLBACK_PLAIN)
        return json_incref(body);
    message = open_encrypt(r, json_string_value(json_object_get(body, "Encrypt")));
    if (message && form == HY_CALLBACK_COMPATIBLE && differ(body, message)) {
        end(r, HY_CALLBACK_DENIED, "The plain fields contradict the encrypted ones.");
        json_decref(message);
        return NULL;
    }
    return message;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void read_post(struct run *r)
{
    HY_JSON_SCOPED json_t *body = parse(r, r->ask->body, r->ask->body_size);
    HY_JSON_SCOPED json_t *message = NULL;

    if (!body)
        return;
    if (is_container_check(body)) {
        reply(r, "success");
        return;
    }
    message = unwrap(r, body);
    if (!message)
        return;
    json_object_del(message, "Encrypt"); /* the envelope's, no part of what happened */
    r->err = hy_wechat_read_event(message, r->ask->now_ms, r->arena, r->c);
}

int hy_wechat_read_callback(const struct hy_callback_ask *ask, struct hy_arena *arena,
                            struct hy_callback *ret_callback)
{
    struct hy_callback c = {.verdict = HY_CALLBACK_DENIED};
    struct run r = {.ask = ask, .arena = arena, .c = &c, .mode = mode_of(ask)};

    r.timestamp = query(&r, "timestamp");
    r.nonce = query(&r, "nonce");
    if (!is_signed(&r) || !is_recent(&r))
        ; /* told */
    else if (strcmp(ask->method, "GET") == 0)
        answer_echo(&r);
    else if (strcmp(ask->method, "POST") == 0)
        read_post(&r);
    else
        end(&r, HY_CALLBACK_MALFORMED, "A callback is a GET or a POST.");
    if (r.err == 0)
        *ret_callback = c;
    return r.err;
}
