/*
 * Arbitrary input meets the checks of the WeChat mini-program adapter. What passes must be fit to
 * be sent: the canonical data is canonical, a request can be built of it, and that request is JSON;
 * what does not pass names its fault in clean text and leaves the output alone.
 *
 * The first byte chooses what the rest is: a whole message as JSON, or a bare text.
 */
#include "platform/platform.h"
#include "platform/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hy_platform *platform;
static struct hy_arena arena;

static void expect(bool truth)
{
    if (!truth)
        abort();
}

static void check_clean(const char *text)
{
    const char *end = text + strlen(text);

    while (text < end) {
        uint32_t c;
        size_t length = hy_text_next(text, end, &c);

        expect(length > 1 || (unsigned char)*text < 0x80);
        expect(!hy_text_is_control(c));
        text += length;
    }
}

static void check_violations(const struct hy_violations *v)
{
    for (size_t i = 0; i < v->count; i++) {
        check_clean(v->items[i].field);
        check_clean(v->items[i].message);
        expect(v->items[i].rule[0] && v->items[i].message[0]);
    }
}

/* What passed can be written as a request whose body reads back as the message. */
static void check_request(const struct hy_message *m)
{
    static const struct hy_grant receipt = {
        .id = 1, .kind = HY_GRANT_FORM_ID, .credential = "0123456789abcdef"};

    for (int with = 0; with <= 1; with++) {
        struct hy_send_ask ask = {"https://example.com", "TOKEN", m, with ? &receipt : NULL};
        struct hy_http_request r;
        const char *api;
        json_t *body;

        expect(platform->build_send(&ask, &arena, &r, &api) == 0);
        body = hy_json_parse(r.body, r.body_size, NULL, 0);
        expect(json_is_object(json_object_get(body, "data")));
        expect(strcmp(json_string_value(json_object_get(body, "touser")), m->user) == 0);
        expect(!with || !m->emphasis || json_object_get(body, "emphasis_keyword"));
        expect((m->page != NULL) == (json_object_get(body, "page") != NULL));
        expect(!m->extra || strcmp(m->extra, "{}") == 0 || json_object_size(body) > 3);
        json_decref(body);
    }
}

static void check_canonical(struct hy_message *m)
{
    HY_JSON_SCOPED json_t *data = hy_json_parse(m->data, strlen(m->data), NULL, 0);
    const char *again = NULL;
    struct hy_violations v;

    hy_violations_init(&v, &arena);
    platform->check_message(m, data, &v, &again);
    expect(!hy_violations_any(&v) && again && strcmp(again, m->data) == 0);
}

/* Text of the extra members when they pass, else null. */
static const char *try_extra(const json_t *extra)
{
    struct hy_violations v;

    if (!extra)
        return NULL;
    hy_violations_init(&v, &arena);
    platform->check_extra(extra, &v);
    check_violations(&v);
    return hy_violations_any(&v) ? NULL : hy_json_text(&arena, extra);
}

static void try_message(const char *bytes, size_t size)
{
    HY_JSON_SCOPED json_t *root = hy_json_parse(bytes, size, NULL, 0);
    struct hy_message m = {.user = json_string_value(json_object_get(root, "user")),
                           .template_id = json_string_value(json_object_get(root, "template")),
                           .page = json_string_value(json_object_get(root, "page")),
                           .emphasis = json_string_value(json_object_get(root, "emphasis")),
                           .miniprogram_state =
                               json_string_value(json_object_get(root, "miniprogram_state")),
                           .lang = json_string_value(json_object_get(root, "lang"))};
    const char *text = "untouched";
    struct hy_violations v;

    if (!m.user)
        m.user = "oUser-0000_0000000000000abcd";
    if (!m.template_id)
        m.template_id = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE";
    m.extra = try_extra(json_object_get(root, "extra"));
    hy_violations_init(&v, &arena);
    platform->check_message(&m, json_object_get(root, "data"), &v, &text);
    check_violations(&v);
    expect(hy_violations_any(&v) == (strcmp(text, "untouched") == 0));
    if (!hy_violations_any(&v)) {
        m.data = text;
        check_request(&m);
        check_canonical(&m);
    }
}

static void try_text(const char *text)
{
    const char *clean = NULL, *again = NULL;
    struct hy_violations v;

    hy_violations_init(&v, &arena);
    platform->check_app(text, text, &v);
    platform->check_user(text, "user", &v);
    platform->check_callback(text, text, &v);
    check_violations(&v);
    for (int kind = 0; kind < HY_GRANT_KINDS; kind++) {
        const char *why = platform->check_credential(kind, text, &arena, &clean);

        if (why || !hy_grant_is_receipt(kind))
            continue;
        expect(clean[0] && strlen(clean) <= 128);
        for (const char *at = clean; *at; at++)
            expect(*at > ' ' && *at <= '~');
        /* What was stored is taken again, and stays the same. */
        expect(!platform->check_credential(kind, clean, &arena, &again));
        expect(strcmp(clean, again) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size < 1)
        return -1;
    text = malloc(size);
    if (!text)
        return -1;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = 0;
    platform = hy_platform_find("wechat_mini");
    hy_arena_init(&arena);
    if (data[0] & 1)
        try_message(text, size - 1);
    else
        try_text(text);
    hy_arena_deinit(&arena);
    free(text);
    return 0;
}
