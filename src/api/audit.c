#include "api/audit.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

enum {
    TEXT_BYTES_MAX = 200,  /* of one value */
    TEXT_BYTES_SHORT = 40, /* the same, when all of it is too much */
    ITEMS_MAX = 10,        /* of one list */
    ITEMS_SHORT = 2,
};

/* How much of a record is kept: tried one after the other until it is short enough. */
struct measure {
    size_t text_bytes, items;
    int depth;
};

static const struct measure measures[] = {
    {TEXT_BYTES_MAX, ITEMS_MAX, 8}, {TEXT_BYTES_SHORT, ITEMS_SHORT, 4}, {TEXT_BYTES_SHORT, 0, 1}};

static const char mask[] = "***";

/* Names of fields anywhere in a body. */
static bool is_secret(const char *name)
{
    static const char *const names[] = {
        "secret",  "old_secret", "callback_token", "callback_aes_key", "key", "bad_token",
        "session", "token",      "access_token",   "password",         NULL};

    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* The bytes of `text` that fit without cutting a character. */
static size_t fitting(const char *text, size_t max)
{
    size_t size = strlen(text);

    if (size <= max)
        return size;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}

static json_t *shortened(const char *text, size_t max)
{
    size_t size = fitting(text, max);
    char room[TEXT_BYTES_MAX + 8];

    if (!text[size])
        return json_string(text);
    memcpy(room, text, size);
    strcpy(room + size, "…");
    return json_string(room);
}

/* Passwords and tokens stand in addresses, too: before the host, and in the query. */
static json_t *masked_url(const char *url, size_t max)
{
    const char *scheme_end = strstr(url, "://"), *host = scheme_end ? scheme_end + 3 : url;
    const char *at = memrchr(host, '@', strcspn(host, "/?#")), *rest = at ? at : url;
    size_t rest_size = strcspn(rest, "?#");
    char room[TEXT_BYTES_MAX * 2];

    snprintf(room, sizeof room, "%.*s%s%.*s%s", at ? (int)(host - url) : 0, url, at ? mask : "",
             (int)rest_size, rest, rest[rest_size] ? "?***" : "");
    return shortened(room, max);
}

static json_t *kept(const char *name, const json_t *value, const struct measure *m, int depth);

static json_t *kept_object(const json_t *object, const struct measure *m, int depth)
{
    json_t *copy = json_object(), *value;
    const char *name;
    int err = copy ? 0 : -1;

    json_object_foreach((json_t *)object, name, value)
    {
        if (!err)
            err = json_object_set_new(copy, name, kept(name, value, m, depth));
    }
    if (!err)
        return copy;
    json_decref(copy);
    return NULL;
}

static json_t *kept_array(const json_t *array, const struct measure *m, int depth)
{
    size_t count = json_array_size(array), most = count < m->items ? count : m->items;
    json_t *copy = json_array();

    for (size_t i = 0; i < most; i++)
        if (json_array_append_new(copy, kept("", json_array_get(array, i), m, depth)) != 0)
            goto fail;
    if (count > most && json_array_append_new(copy, json_sprintf("… %zu in all", count)) != 0)
        goto fail;
    return copy;
fail:
    json_decref(copy);
    return NULL;
}

/* A copy without secrets; null when out of memory. */
static json_t *kept(const char *name, const json_t *value, const struct measure *m, int depth)
{
    bool nested = json_is_object(value) || json_is_array(value);

    if (is_secret(name) && !json_is_null(value))
        return json_string(mask);
    if (nested && depth >= m->depth)
        return json_string("…");
    if (json_is_object(value))
        return kept_object(value, m, depth + 1);
    if (json_is_array(value))
        return kept_array(value, m, depth + 1);
    if (!json_is_string(value))
        return json_deep_copy(value);
    if (strcmp(name, "url") == 0)
        return masked_url(json_string_value(value), m->text_bytes);
    return shortened(json_string_value(value), m->text_bytes);
}

const char *hy_audit_detail(struct hy_arena *arena, const json_t *detail)
{
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
        HY_JSON_SCOPED json_t *copy = kept("", detail, &measures[i], 0);
        const char *text = copy ? hy_json_text(arena, copy) : NULL;

        if (!text || strlen(text) <= HY_AUDIT_DETAIL_BYTES)
            return text;
    }
    return "{}"; /* a hundred fields: more than any call has */
}

static const char *address_text(struct hy_call *call)
{
    uint8_t address[HY_ADDRESS_BYTES];
    char text[HY_ADDRESS_TEXT_BYTES];

    hy_call_address(call, address);
    hy_address_print(address, text);
    return hy_arena_strdup(call->arena, text);
}

static struct hy_audit *record(struct hy_call *call, const char *action, const json_t *detail)
{
    struct hy_audit *audit = hy_arena_alloc(call->arena, sizeof *audit);
    const char *address = address_text(call), *text = NULL;

    if (json_is_object(detail) && json_object_size(detail) > 0) {
        text = hy_audit_detail(call->arena, detail);
        if (!text)
            audit = NULL;
    }
    if (!audit || !address)
        return NULL;
    *audit = (struct hy_audit){.at_ms = hy_engine_now_ms(call->engine),
                               .key_id = call->holder.id,
                               .who = call->holder.name,
                               .address = address,
                               .action = action,
                               .detail = text};
    return audit;
}

const struct hy_audit *hy_call_audit(struct hy_call *call, const char *action, const char *subject,
                                     const json_t *detail)
{
    struct hy_audit *audit = record(call, action, detail);

    if (audit && subject) {
        audit->subject = hy_arena_strdup(call->arena, subject);
        if (!audit->subject)
            audit = NULL;
    }
    hy_call_failed(call, audit ? 0 : HY_E_NOMEM);
    return audit;
}

const struct hy_audit *hy_call_audit_made(struct hy_call *call, const char *action, char letter,
                                          const int64_t *made_id, const json_t *detail)
{
    struct hy_audit *audit = record(call, action, detail);

    if (audit) {
        audit->letter = letter;
        audit->made_id = made_id;
    }
    hy_call_failed(call, audit ? 0 : HY_E_NOMEM);
    return audit;
}
