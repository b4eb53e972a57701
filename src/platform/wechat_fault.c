#include "platform/wechat_fault.h"

#include "platform/text.h"

#include <stdio.h>
#include <string.h>

size_t hy_wechat_fault_count(const struct hy_violations *v)
{
    return v->count + v->unkept;
}

void hy_wechat_fault_required(struct hy_violations *v, const char *field)
{
    hy_violations_add(v, field, "required", NULL, NULL, "%s is required.", field);
}

/* Length first, for it is the common slip (a piece lost in copying); then the alphabet. The value
 * itself is never repeated: it may be a secret. */
bool hy_wechat_has_length(const char *text, size_t min, size_t max, const char *field,
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

void hy_wechat_fault_format(struct hy_violations *v, const char *field, const char *shape)
{
    hy_violations_add(v, field, "format", shape, NULL, "%s must be %s.", field, shape);
}

void hy_wechat_fault_too_long(struct hy_violations *v, const char *field, const char *rule,
                              size_t max, size_t actual, const char *unit)
{
    char limit_text[24], actual_text[24];

    snprintf(limit_text, sizeof limit_text, "%zu", max);
    snprintf(actual_text, sizeof actual_text, "%zu", actual);
    hy_violations_add(v, field, rule, limit_text, actual_text,
                      "%s may have at most %zu %s; it has %zu.", field, max, unit, actual);
}

void hy_wechat_fault_type(struct hy_violations *v, const char *field, const char *wanted,
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
bool hy_wechat_has_control(const char *text, const char *allowed, const char *field,
                           struct hy_violations *v)
{
    const char *end = text + strlen(text);

    while ((text = hy_text_skip_plain(text, end)) < end) {
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
