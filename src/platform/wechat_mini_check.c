#include "platform/wechat_mini.h"

#include "platform/text.h"

#include <stdio.h>
#include <string.h>

/* The shapes are those seen everywhere; the other figures are ours, wide enough for any message
 * that a phone can show, so that a slip is named here and not by a code that names nothing. */
enum {
    APP_ID_CHARS = 18,
    SECRET_CHARS = 32,
    USER_CHARS_MIN = 20,
    USER_CHARS_MAX = 40,
    TEMPLATE_CHARS = 43,
    KEYS_MAX = 20,
    KEY_CHARS_MAX = HY_TEXT_SECRET_RUN - 1, /* so that a key is never masked in a path */
    VALUE_CHARS_MAX = 2000,
    COLOR_CHARS_MAX = 32,
    PAGE_BYTES_MAX = 1024,
    FIELD_BYTES = 96,
};

/* --- one violation ---------------------------------------------------------------------------- */

static size_t found_so_far(const struct hy_violations *v)
{
    return v->count + v->unkept;
}

static void add_required(struct hy_violations *v, const char *field)
{
    hy_violations_add(v, field, "required", NULL, NULL, "%s is required.", field);
}

/* Length first, for it is the common slip (a piece lost in copying); then the alphabet. The value
 * itself is never repeated: it may be a secret. */
static bool has_length(const char *text, size_t min, size_t max, const char *field,
                       struct hy_violations *v)
{
    size_t chars = hy_text_chars(text);
    char limit[48], actual[24];

    if (chars >= min && chars <= max)
        return true;
    if (min == max)
        snprintf(limit, sizeof limit, "%zu", min);
    else
        snprintf(limit, sizeof limit, "%zu..%zu", min, max);
    snprintf(actual, sizeof actual, "%zu", chars);
    hy_violations_add(v, field, "length", limit, actual, "%s must have %s characters; it has %s.",
                      field, limit, actual);
    return false;
}

static void add_format(struct hy_violations *v, const char *field, const char *shape)
{
    hy_violations_add(v, field, "format", shape, NULL, "%s must be %s.", field, shape);
}

static void add_too_long(struct hy_violations *v, const char *field, const char *rule, size_t max,
                         size_t actual, const char *unit)
{
    char limit_text[24], actual_text[24];

    snprintf(limit_text, sizeof limit_text, "%zu", max);
    snprintf(actual_text, sizeof actual_text, "%zu", actual);
    hy_violations_add(v, field, rule, limit_text, actual_text,
                      "%s may have at most %zu %s; it has %zu.", field, max, unit, actual);
}

static void add_type(struct hy_violations *v, const char *field, const char *wanted,
                     const json_t *value)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "object",  [JSON_ARRAY] = "array", [JSON_STRING] = "text",
        [JSON_INTEGER] = "number", [JSON_REAL] = "number", [JSON_TRUE] = "boolean",
        [JSON_FALSE] = "boolean",  [JSON_NULL] = "null"};
    const char *actual = names[json_typeof(value)];
    const char *advice = "";

    if (json_is_number(value))
        advice = " Put the number in quotes.";
    else if (json_is_string(value))
        advice = " Send the object itself, not its JSON inside quotes.";
    hy_violations_add(v, field, "type", wanted, actual, "%s must be %s, not %s.%s", field, wanted,
                      actual, advice);
}

/* True when a control character was found, and told, that is not one of `allowed`. */
static bool has_control(const char *text, const char *allowed, const char *field,
                        struct hy_violations *v)
{
    const char *end = text + strlen(text);

    while (text < end) {
        char actual[16];
        uint32_t c;

        text += hy_text_next(text, end, &c);
        if (!hy_text_is_control(c) || (c < 0x80 && strchr(allowed, (int)c)))
            continue;
        snprintf(actual, sizeof actual, "U+%04X", (unsigned)c);
        hy_violations_add(v, field, "control_character", NULL, actual,
                          "%s holds the control character %s.", field, actual);
        return true;
    }
    return false;
}

/* --- apps and users --------------------------------------------------------------------------- */

void hy_wechat_mini_check_app(const char *id, const char *secret, struct hy_violations *v)
{
    if (!id)
        add_required(v, "id");
    else if (has_length(id, APP_ID_CHARS, APP_ID_CHARS, "id", v) &&
             (strncmp(id, "wx", 2) != 0 || strspn(id + 2, "0123456789abcdef") != APP_ID_CHARS - 2))
        add_format(v, "id", "wx and 16 digits of 0-9 a-f, the AppID of a mini program");

    if (secret && has_length(secret, SECRET_CHARS, SECRET_CHARS, "secret", v) &&
        strspn(secret, "0123456789abcdefABCDEF") != SECRET_CHARS)
        add_format(v, "secret", "32 digits of 0-9 a-f, the AppSecret of the mini program");
}

void hy_wechat_mini_check_user(const char *user, const char *field, struct hy_violations *v)
{
    if (!user)
        add_required(v, field);
    else if (has_length(user, USER_CHARS_MIN, USER_CHARS_MAX, field, v) &&
             (user[0] != 'o' || !hy_text_is_word(user, "-_")))
        add_format(v, field, "an openid: the letter o, then letters, digits, - and _");
}

/* --- messages --------------------------------------------------------------------------------- */

static void check_template(const char *id, struct hy_violations *v)
{
    if (!id)
        add_required(v, "template");
    else if (has_length(id, TEMPLATE_CHARS, TEMPLATE_CHARS, "template", v) &&
             !hy_text_is_word(id, "-_"))
        add_format(v, "template", "a template id: letters, digits, - and _");
}

/* "https://..." and "weixin://...": a letter, then letters, digits and + - . up to a colon. */
static bool has_scheme(const char *page)
{
    size_t length = strcspn(page, ":/?#");

    return page[length] == ':';
}

static void check_page(const char *page, struct hy_violations *v)
{
    size_t bytes;

    if (!page)
        return;
    bytes = strlen(page);
    if (bytes > PAGE_BYTES_MAX)
        add_too_long(v, "page", "max_length", PAGE_BYTES_MAX, bytes, "bytes");
    else if (has_control(page, "", "page", v))
        return;
    else if (strchr(page, ' '))
        add_format(v, "page", "without blanks; write %20 in their place");
    else if (has_scheme(page) || strncmp(page, "//", 2) == 0)
        add_format(v, "page", "a page of the mini program such as pages/order?id=1, not a URL");
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

/* "data." and the key, cut and cleaned so that the path itself is safe to print. */
static void name_field(const char *key, char field[FIELD_BYTES])
{
    size_t used = (size_t)snprintf(field, FIELD_BYTES, "data.");

    hy_text_append_clean(field, FIELD_BYTES, used, key, key + strlen(key));
}

static void check_key(const char *key, const char *field, struct hy_violations *v)
{
    size_t length = strlen(key), chars = hy_text_chars(key);
    bool letter = (key[0] | 32) >= 'a' && (key[0] | 32) <= 'z';

    if (chars > KEY_CHARS_MAX) {
        add_too_long(v, field, "key", KEY_CHARS_MAX, chars, "characters in a key of data");
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
        hy_violations_add(v, field, "not_empty", NULL, NULL, "%s must not be empty.", field);
    else if (chars > VALUE_CHARS_MAX)
        add_too_long(v, field, "max_length", VALUE_CHARS_MAX, chars, "characters");
    else
        has_control(text, "\n\r\t", field, v);
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
            add_type(v, field, "text", item);
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
        add_type(v, field, "text", value);
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
        add_required(v, "data");
    } else if (!json_is_object(data)) {
        add_type(v, "data", "an object", data);
    } else if (size == 0 || size > KEYS_MAX) {
        snprintf(actual, sizeof actual, "%zu", size);
        hy_violations_add(v, "data", "items", "1..20", actual,
                          "data must have 1 to %d keys; it has %zu.", KEYS_MAX, size);
    } else {
        json_object_foreach((json_t *)data, key, item)
        {
            name_field(key, field);
            check_key(key, field, v);
            check_item(item, field, v);
        }
    }
}

size_t hy_wechat_mini_emphasis_length(const char *emphasis)
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
    length = hy_wechat_mini_emphasis_length(emphasis);
    json_object_foreach((json_t *)data, key, item)
    {
        if (strlen(key) == length && strncmp(key, emphasis, length) == 0)
            return;
    }
    hy_violations_add(v, "emphasis", "key_of_data", NULL, NULL,
                      "emphasis must name a key of data, such as keyword1.");
}

/* {"key":{"value":"text"}}, with the color of the few that have one. */
static const char *canonical(const json_t *data, struct hy_arena *arena)
{
    HY_JSON_SCOPED json_t *root = json_object();
    const char *key;
    json_t *item;

    json_object_foreach((json_t *)data, key, item)
    {
        json_t *value = json_is_object(item) ? json_object_get(item, "value") : item;
        json_t *color = json_is_object(item) ? json_object_get(item, "color") : NULL;
        json_t *entry = json_pack("{s:O}", "value", value);

        if (json_string_length(color) > 0 && json_object_set(entry, "color", color) != 0) {
            json_decref(entry);
            return NULL;
        }
        if (json_object_set_new(root, key, entry) != 0)
            return NULL;
    }
    return hy_json_text(arena, root);
}

void hy_wechat_mini_check_message(const struct hy_message *message, const json_t *data,
                                  struct hy_violations *v, const char **ret_data)
{
    static const char *const states[] = {"developer", "trial", "formal", NULL};
    static const char *const langs[] = {"zh_CN", "en_US", "zh_HK", "zh_TW", NULL};
    size_t before = found_so_far(v);
    const char *text;

    hy_wechat_mini_check_user(message->user, "user", v);
    check_template(message->template_id, v);
    check_data(data, v);
    check_page(message->page, v);
    check_emphasis(message->emphasis, data, v);
    check_one_of(message->miniprogram_state, states, "developer, trial, formal",
                 "miniprogram_state", v);
    check_one_of(message->lang, langs, "zh_CN, en_US, zh_HK, zh_TW", "lang", v);
    if (found_so_far(v) > before)
        return;
    text = canonical(data, v->arena);
    if (text)
        *ret_data = text;
    else
        v->unkept++; /* out of memory: still a refusal */
}
