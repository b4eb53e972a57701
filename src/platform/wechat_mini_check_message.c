#include "platform/wechat_mini.h"

#include "platform/text.h"
#include "platform/wechat_fault.h"

#include <stdio.h>
#include <string.h>

/* Figures of ours, wide enough for any message that a phone can show, so that a slip is named here
 * and not by a code that names nothing. */
enum {
    TEMPLATE_CHARS = 43,
    KEYS_MAX = 20,
    KEY_CHARS_MAX = HY_TEXT_SECRET_RUN - 1, /* so that a key is never masked in a path */
    VALUE_CHARS_MAX = 2000,
    COLOR_CHARS_MAX = 32,
    PAGE_BYTES_MAX = 1024,
    FIELD_BYTES = 96,
    EXTRA_KEYS_MAX = 20,
    EXTRA_NAME_BYTES_MAX = 64,
    MESSAGE_BYTES_MAX = 64 * 1024,
    CANONICAL_BYTES_MAX = 1024 * 1024, /* all that the limits above let through, written out */
};

/* --- messages --------------------------------------------------------------------------------- */

static void check_template(const char *id, struct hy_violations *v)
{
    if (!id)
        hy_wechat_fault_required(v, "template");
    else if (hy_wechat_has_length(id, TEMPLATE_CHARS, TEMPLATE_CHARS, "template", v) &&
             !hy_text_is_word(id, "-_"))
        hy_wechat_fault_format(v, "template", "a template id: letters, digits, - and _");
}

/* "https://..." and "weixin://...": a letter, then letters, digits and + - . up to a colon. */
static bool has_scheme(const char *page)
{
    size_t length = strcspn(page, ":/?#");

    return page[length] == ':';
}

/* Not only the ASCII one: the full-width blank comes in with pasted text. */
static bool has_blank(const char *text)
{
    const char *end = text + strlen(text);

    while ((text = hy_text_skip_plain(text, end)) < end) {
        uint32_t c;

        text += hy_text_next(text, end, &c);
        if (c == ' ' || c == 0xa0 || (c >= 0x2000 && c <= 0x200b) || c == 0x3000)
            return true;
    }
    return false;
}

static void check_page(const char *page, struct hy_violations *v)
{
    size_t bytes;

    if (!page)
        return;
    bytes = strlen(page);
    if (bytes > PAGE_BYTES_MAX)
        hy_wechat_fault_too_long(v, "page", "max_length", PAGE_BYTES_MAX, bytes, "bytes");
    else if (hy_wechat_has_control(page, "", "page", v))
        return;
    else if (has_blank(page))
        hy_wechat_fault_format(v, "page", "without blanks; write %20 in their place");
    else if (has_scheme(page) || strncmp(page, "//", 2) == 0)
        hy_wechat_fault_format(v, "page",
                               "a page of the mini program such as pages/order?id=1, not a URL");
    else if (page[page[0] == '/'] == 0)
        hy_violations_add(v, "page", "not_empty", NULL, NULL,
                          "page must not be empty; leave it out for a card that opens nothing.");
}

static void check_one_of(const char *value, const char *const *choices, const char *list,
                         const char *field, struct hy_violations *v)
{
    if (!value)
        return;
    for (; *choices; choices++) {
        if (strcmp(*choices, value) == 0)
            return;
    }
    hy_violations_add(v, field, "one_of", list, NULL, "%s must be one of %s.", field, list);
}

/* The parent ("data.") and the key, cut and cleaned so that the path itself is safe to print. */
static void name_field(const char *parent, const char *key, char field[FIELD_BYTES])
{
    size_t used = strlen(parent);

    memcpy(field, parent, used + 1);
    hy_text_append_clean(field, FIELD_BYTES, used, key, key + strlen(key));
}

static void check_key(const char *key, const char *field, struct hy_violations *v)
{
    size_t length = strlen(key), chars = hy_text_chars(key);
    bool letter = (key[0] | 32) >= 'a' && (key[0] | 32) <= 'z';

    if (chars > KEY_CHARS_MAX) {
        hy_wechat_fault_too_long(v, field, "key", KEY_CHARS_MAX, chars,
                                 "characters in a key of data");
    } else if (length > 5 && strcmp(key + length - 5, ".DATA") == 0) {
        hy_violations_add(v, field, "key", NULL, NULL,
                          "%s must be written without .DATA, which belongs to the template's text.",
                          field);
    } else if (!letter || !hy_text_is_word(key, "_") || key[length - 1] < '0' ||
               key[length - 1] > '9') {
        hy_violations_add(v, field, "key", "letters, then a number", NULL,
                          "%s is no key of a template: keys are letters and a number, such as "
                          "keyword1 or thing1.",
                          field);
    }
}

static void check_value(const json_t *value, const char *field, struct hy_violations *v)
{
    const char *text = json_string_value(value);
    size_t chars;

    if (!text) {
        hy_violations_add(v, field, "required", NULL, NULL, "%s needs a value.", field);
        return;
    }
    chars = hy_text_chars(text);
    if (chars == 0)
        hy_violations_add(v, field, "not_empty", "1", "0", "%s must not be empty.", field);
    else if (chars > VALUE_CHARS_MAX)
        hy_wechat_fault_too_long(v, field, "max_length", VALUE_CHARS_MAX, chars, "characters");
    else
        hy_wechat_has_control(text, "\n\r\t", field, v);
}

/* Only the retired templates coloured their fields; an empty color is what old SDKs always send. */
static void check_color(const json_t *color, const char *field, struct hy_violations *v)
{
    const char *text = json_string_value(color);

    if (!json_is_string(color) || strlen(text) > COLOR_CHARS_MAX ||
        (text[0] && !hy_text_is_word(text, "#")))
        hy_violations_add(v, field, "color", "text such as #173177", NULL,
                          "The color of %s must be a text such as #173177.", field);
}

static void check_item(const json_t *item, const char *field, struct hy_violations *v)
{
    const char *member;
    json_t *value;

    if (!json_is_object(item)) {
        if (json_is_string(item))
            check_value(item, field, v);
        else
            hy_wechat_fault_type(v, field, "text", item);
        return;
    }
    json_object_foreach((json_t *)item, member, value)
    {
        if (strcmp(member, "color") == 0)
            check_color(value, field, v);
        else if (strcmp(member, "value") != 0)
            hy_violations_add(v, field, "unknown_field", NULL, NULL,
                              "%s may hold value and color, nothing else.", field);
    }
    value = json_object_get(item, "value");
    if (value && !json_is_string(value))
        hy_wechat_fault_type(v, field, "text", value);
    else
        check_value(value, field, v);
}

static void check_data(const json_t *data, struct hy_violations *v)
{
    char actual[24], field[FIELD_BYTES];
    size_t size = json_object_size(data);
    const char *key;
    json_t *item;

    if (!data || json_is_null(data)) {
        hy_wechat_fault_required(v, "data");
    } else if (!json_is_object(data)) {
        hy_wechat_fault_type(v, "data", "an object", data);
    } else if (size == 0 || size > KEYS_MAX) {
        snprintf(actual, sizeof actual, "%zu", size);
        hy_violations_add(v, "data", "items", "1..20", actual,
                          "data must have 1 to %d keys; it has %zu.", KEYS_MAX, size);
    } else {
        json_object_foreach((json_t *)data, key, item)
        {
            name_field("data.", key, field);
            check_key(key, field, v);
            check_item(item, field, v);
        }
    }
}

size_t hy_wechat_mini_key_length(const char *emphasis)
{
    size_t length = strlen(emphasis);

    return length > 5 && strcmp(emphasis + length - 5, ".DATA") == 0 ? length - 5 : length;
}

static void check_emphasis(const char *emphasis, const json_t *data, struct hy_violations *v)
{
    size_t length;
    const char *key;
    json_t *item;

    if (!emphasis || !json_is_object(data))
        return;
    length = hy_wechat_mini_key_length(emphasis);
    json_object_foreach((json_t *)data, key, item)
    {
        if (strlen(key) == length && strncmp(key, emphasis, length) == 0)
            return;
    }
    hy_violations_add(v, "emphasis", "key_of_data", NULL, NULL,
                      "emphasis must name a key of data, such as keyword1.");
}

static void put_item(struct hy_buf *b, const char *key, const json_t *item)
{
    const json_t *value = json_is_object(item) ? json_object_get(item, "value") : item;
    const json_t *color = json_is_object(item) ? json_object_get(item, "color") : NULL;

    hy_buf_putc(b, '"');
    hy_buf_puts(b, key); /* a word (check_key) */
    hy_buf_puts(b, "\":{\"value\":");
    hy_json_write(b, value);
    if (json_string_length(color) > 0) {
        hy_buf_puts(b, ",\"color\":");
        hy_json_write(b, color);
    }
    hy_buf_putc(b, '}');
}

/* {"key":{"value":"text"}}, with the color of the few that have one. */
static const char *canonical(const json_t *data, struct hy_arena *arena)
{
    struct hy_buf b;
    const char *key, *text;
    json_t *item;

    hy_buf_init(&b, CANONICAL_BYTES_MAX);
    json_object_foreach((json_t *)data, key, item)
    {
        hy_buf_putc(&b, b.size ? ',' : '{');
        put_item(&b, key, item);
    }
    hy_buf_putc(&b, '}');
    text = hy_buf_ok(&b) ? hy_arena_memdup(arena, b.data, b.size) : NULL;
    hy_buf_deinit(&b);
    return text;
}

/* --- members that we don't know --------------------------------------------------------------- */

/* What we write into a body ourselves, on either call, and what WeChat refuses there. */
static bool is_ours(const char *name)
{
    static const char *const names[] = {
        "touser",           "template_id",       "page", "form_id",     "data",
        "emphasis_keyword", "miniprogram_state", "lang", "access_token"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static void check_extra_name(const char *name, struct hy_violations *v)
{
    char field[FIELD_BYTES];

    name_field("extra.", name, field);
    if (is_ours(name))
        hy_violations_add(v, field, "reserved", NULL, NULL,
                          "%s is set by hongyan itself; use the message's own fields.", field);
    else if (strlen(name) > EXTRA_NAME_BYTES_MAX)
        hy_wechat_fault_too_long(v, field, "max_length", EXTRA_NAME_BYTES_MAX, strlen(name),
                                 "bytes in a name of extra");
    else if (!hy_text_is_word(name, "_"))
        hy_wechat_fault_format(v, field, "named with letters, digits and _");
}

void hy_wechat_mini_check_extra(const json_t *extra, struct hy_violations *v)
{
    char actual[24];
    const char *name;
    json_t *value;

    if (!json_is_object(extra)) {
        hy_wechat_fault_type(v, "extra", "an object", extra);
        return;
    }
    if (json_object_size(extra) > EXTRA_KEYS_MAX) {
        snprintf(actual, sizeof actual, "%zu", json_object_size(extra));
        hy_violations_add(v, "extra", "items", "0..20", actual,
                          "extra may have at most %d members; it has %s.", EXTRA_KEYS_MAX, actual);
        return;
    }
    json_object_foreach((json_t *)extra, name, value) check_extra_name(name, v);
}

/* --- the whole -------------------------------------------------------------------------------- */

static size_t bytes_of(const char *text)
{
    return text ? strlen(text) : 0;
}

/* WeChat names no limit of a body. This one is far above what a phone shows, and keeps one message
 * from costing as much as a hundred. */
static void check_size(const struct hy_message *m, const char *data, struct hy_violations *v)
{
    size_t bytes = bytes_of(data) + bytes_of(m->page) + bytes_of(m->extra);

    if (bytes > MESSAGE_BYTES_MAX)
        hy_wechat_fault_too_long(v, "data", "max_bytes", MESSAGE_BYTES_MAX, bytes,
                                 "bytes, page and extra included");
}

static void check_fields(const struct hy_message *m, const json_t *data, struct hy_violations *v)
{
    static const char *const states[] = {"developer", "trial", "formal", NULL};
    static const char *const langs[] = {"zh_CN", "en_US", "zh_HK", "zh_TW", NULL};

    hy_wechat_mini_check_user(m->user, "user", v);
    check_template(m->template_id, v);
    check_data(data, v);
    check_page(m->page, v);
    check_emphasis(m->emphasis, data, v);
    check_one_of(m->miniprogram_state, states, "developer, trial, formal", "miniprogram_state", v);
    check_one_of(m->lang, langs, "zh_CN, en_US, zh_HK, zh_TW", "lang", v);
}

void hy_wechat_mini_check_message(const struct hy_message *message, const json_t *data,
                                  struct hy_violations *v, const char **ret_data)
{
    size_t before = hy_wechat_fault_count(v);
    const char *text;

    check_fields(message, data, v);
    if (hy_wechat_fault_count(v) > before)
        return;
    text = canonical(data, v->arena);
    if (!text) {
        v->unkept++; /* out of memory: still a refusal */
        return;
    }
    check_size(message, text, v);
    if (hy_wechat_fault_count(v) == before)
        *ret_data = text;
}
