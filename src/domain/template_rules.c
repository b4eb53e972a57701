/* One table holds what each type allows; see template.h. */
#include "domain/template_rules.h"

#include <stdio.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

enum char_class {
    HAN = 1,
    LETTER = 2, /* of the Latin script */
    DIGIT = 4,  /* 0-9 only */
    SYMBOL = 8, /* Unicode's symbols and punctuation */
    BLANK = 16, /* U+0020 */
    OTHER = 32,
};

struct rule {
    size_t max;       /* code points, 0 = any number */
    unsigned classes; /* what it may hold, 0 = anything */
    const char *holds;
    bool (*fits)(const char *value); /* null when the classes say it all */
    const char *shape;
    bool lines; /* line breaks and tabs may be in it */
    bool cut;
};

static bool is_number(const char *value);
static bool is_amount(const char *value);
static bool is_car_number(const char *value);

static const struct rule rules[HY_TEMPLATE_TYPES] = {
    [HY_TEMPLATE_UNKNOWN] = {.lines = true},
    [HY_TEMPLATE_THING] = {.max = 20, .cut = true},
    [HY_TEMPLATE_SHORT_THING] = {.max = 5, .cut = true},
    [HY_TEMPLATE_CONST] = {.max = 20},
    [HY_TEMPLATE_NUMBER] = {.max = 32, .fits = is_number, .shape = "digits, with decimals if any"},
    [HY_TEMPLATE_LETTER] = {.max = 32, .classes = LETTER, .holds = "Latin letters"},
    [HY_TEMPLATE_SYMBOL] = {.max = 5, .classes = SYMBOL, .holds = "symbols"},
    [HY_TEMPLATE_CHARACTER_STRING] = {.max = 32,
                                      .classes = LETTER | DIGIT | SYMBOL | BLANK,
                                      .holds = "Latin letters, digits and symbols"},
    [HY_TEMPLATE_TIME] = {.fits = hy_template_is_time,
                          .shape = "a 24-hour time such as 15:01 or 2019-10-01 15:01, or two "
                                   "joined by ~"},
    [HY_TEMPLATE_DATE] = {.fits = hy_template_is_date,
                          .shape = "a date such as 2019-10-01 or 2019-10-01 15:01, or two "
                                   "joined by ~"},
    [HY_TEMPLATE_AMOUNT] = {.max = 10,
                            .fits = is_amount,
                            .shape = "an amount such as 99.50, ￥99.50 or 99.50元"},
    [HY_TEMPLATE_PHONE_NUMBER] = {.max = 17,
                                  .classes = DIGIT | SYMBOL | BLANK,
                                  .holds = "digits and symbols"},
    [HY_TEMPLATE_CAR_NUMBER] = {.max = 8,
                                .classes = HAN | LETTER | DIGIT,
                                .holds = "Han characters, Latin letters and digits",
                                .fits = is_car_number,
                                .shape = "Latin letters and digits; only the first and the last "
                                         "character may be Han"},
    [HY_TEMPLATE_NAME] = {.max = 20,
                          .classes = HAN | LETTER | SYMBOL | BLANK,
                          .holds = "Han characters, Latin letters and symbols",
                          .cut = true},
    [HY_TEMPLATE_PHRASE] = {.max = 5, .classes = HAN, .holds = "Han characters"},
    [HY_TEMPLATE_KEYWORD] = {.lines = true},
};

/* The rules above, for people. */
static const char *const rule_texts[HY_TEMPLATE_TYPES] = {
    [HY_TEMPLATE_UNKNOWN] = "any text",
    [HY_TEMPLATE_THING] = "any text of up to 20 characters, without line breaks",
    [HY_TEMPLATE_SHORT_THING] = "any text of up to 5 characters, without line breaks",
    [HY_TEMPLATE_CONST] = "a text of up to 20 characters that the platform has approved",
    [HY_TEMPLATE_NUMBER] = "up to 32 digits, with decimals if any",
    [HY_TEMPLATE_LETTER] = "up to 32 Latin letters",
    [HY_TEMPLATE_SYMBOL] = "up to 5 symbols",
    [HY_TEMPLATE_CHARACTER_STRING] = "up to 32 Latin letters, digits and symbols",
    [HY_TEMPLATE_TIME] =
        "a 24-hour time such as 15:01, behind a date if need be, or two joined by ~",
    [HY_TEMPLATE_DATE] = "a date such as 2019-10-01, with a time if need be, or two joined by ~",
    [HY_TEMPLATE_AMOUNT] = "up to 10 digits, with decimals, a currency sign and 元 if need be",
    [HY_TEMPLATE_PHONE_NUMBER] = "up to 17 digits and symbols",
    [HY_TEMPLATE_CAR_NUMBER] = "up to 8 Latin letters and digits, Han only as the first or last",
    [HY_TEMPLATE_NAME] = "up to 10 characters; up to 20 Latin letters and symbols without any Han",
    [HY_TEMPLATE_PHRASE] = "up to 5 Han characters",
    [HY_TEMPLATE_ENUM] = "one of the template's own values",
    [HY_TEMPLATE_KEYWORD] = "any text",
};

enum { NAME_WITH_HAN_MAX = 10, SHOWN_CHARS_MAX = 40 };

/* --- characters ------------------------------------------------------------------------------- */

int32_t hy_template_next(const char **at)
{
    int32_t i = 0;
    UChar32 c;

    U8_NEXT(*at, i, -1, c);
    *at += i;
    return c;
}

bool hy_template_is_utf8(const char *text)
{
    while (*text) {
        if (hy_template_next(&text) < 0)
            return false;
    }
    return true;
}

size_t hy_template_chars(const char *text)
{
    size_t count = 0;

    for (; *text; count++)
        hy_template_next(&text);
    return count;
}

bool hy_template_is_control(int32_t c)
{
    return (U_GET_GC_MASK(c) & (U_GC_CC_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK)) != 0;
}

/* By the script itself, not its extensions: these give Chinese punctuation to Han. */
static unsigned class_of(int32_t c)
{
    UErrorCode status = U_ZERO_ERROR;
    UScriptCode script = uscript_getScript(c, &status);

    if (c >= '0' && c <= '9')
        return DIGIT;
    if (c == ' ')
        return BLANK;
    if (script == USCRIPT_HAN)
        return HAN;
    if (script == USCRIPT_LATIN && u_isalpha(c))
        return LETTER;
    return U_GET_GC_MASK(c) & (U_GC_P_MASK | U_GC_S_MASK) ? SYMBOL : OTHER;
}

static size_t count_of(const char *value, unsigned classes)
{
    size_t count = 0;

    while (*value)
        count += (class_of(hy_template_next(&value)) & classes) != 0;
    return count;
}

/* --- shapes ----------------------------------------------------------------------------------- */

static bool skip_number(const char **at)
{
    static const char digits[] = "0123456789";
    size_t whole = strspn(*at, digits), part;

    *at += whole;
    if (whole == 0 || **at != '.')
        return whole > 0;
    part = strspn(*at + 1, digits);
    *at += 1 + part;
    return part > 0;
}

static bool is_number(const char *value)
{
    return skip_number(&value) && !*value;
}

/* The sign is left out in practice, and accepted then. */
static bool is_amount(const char *value)
{
    const char *behind = value;

    if (*behind && u_charType(hy_template_next(&behind)) == U_CURRENCY_SYMBOL)
        value = behind;
    return skip_number(&value) && (!*value || strcmp(value, "元") == 0);
}

static bool is_car_number(const char *value)
{
    bool first = true;

    while (*value) {
        bool han = class_of(hy_template_next(&value)) == HAN;

        if (han && !first && *value)
            return false;
        first = false;
    }
    return true;
}

/* --- the check -------------------------------------------------------------------------------- */

size_t hy_template_max(enum hy_template_type type, const char *value)
{
    if (type == HY_TEMPLATE_NAME && count_of(value, HAN) > 0)
        return NAME_WITH_HAN_MAX;
    return rules[type].max;
}

size_t hy_template_type_max(enum hy_template_type type)
{
    return rules[type].max;
}

const char *hy_template_type_rule(enum hy_template_type type)
{
    return rule_texts[type];
}

bool hy_template_may_cut(enum hy_template_type type)
{
    return rules[type].cut;
}

static void check_length(enum hy_template_type type, const char *value, struct hy_violations *v,
                         const char *path)
{
    bool digits = type == HY_TEMPLATE_AMOUNT;
    size_t max = hy_template_max(type, value);
    size_t length = digits ? count_of(value, DIGIT) : hy_template_chars(value);
    char limit[24], actual[24];

    if (max == 0 || length <= max)
        return;
    snprintf(limit, sizeof limit, "%zu", max);
    snprintf(actual, sizeof actual, "%zu", length);
    hy_violations_add(v, path, "max_length", limit, actual, "%s may have at most %s %s; it has %s.",
                      path, limit, digits ? "digits" : "characters", actual);
}

/* True when it was told. Only the first one is. */
static bool has_control(const struct rule *rule, const char *value, struct hy_violations *v,
                        const char *path)
{
    while (*value) {
        int32_t c = hy_template_next(&value);
        bool line = c == '\n' || c == '\r' || c == '\t';
        char actual[16];

        if (!hy_template_is_control(c) || (line && rule->lines))
            continue;
        snprintf(actual, sizeof actual, "U+%04X", (unsigned)c);
        hy_violations_add(v, path, "control_character", NULL, actual, "%s holds %s %s.", path,
                          line ? "a line break or tab," : "the control character", actual);
        return true;
    }
    return false;
}

static bool has_foreign(const struct rule *rule, const char *value, struct hy_violations *v,
                        const char *path)
{
    for (size_t place = 1; *value; place++) {
        const char *start = value;
        int32_t c = hy_template_next(&value);
        unsigned class = class_of(c);
        char actual[16], shown[16] = "";

        if (class & rule->classes)
            continue;
        snprintf(actual, sizeof actual, "U+%04X", (unsigned)c);
        if (class != OTHER && class != BLANK)
            snprintf(shown, sizeof shown, "%.*s, ", (int)(value - start), start);
        hy_violations_add(v, path, "characters", rule->holds, actual,
                          "%s may hold only %s; its character %zu is %s%s.", path, rule->holds,
                          place, shown, actual);
        return true;
    }
    return false;
}

/* The first characters of a value, for those who read the fault. */
static const char *shown_value(const char *value, struct hy_arena *arena)
{
    const char *end = value;

    for (size_t i = 0; *end && i < SHOWN_CHARS_MAX; i++)
        hy_template_next(&end);
    return hy_arena_printf(arena, "%.*s%s", (int)(end - value), value, *end ? "\u2026" : "");
}

static void check_choice(const char *const *values, const char *value, struct hy_violations *v,
                         const char *path)
{
    const char *list = NULL;

    for (; values && *values; values++) {
        if (strcmp(*values, value) == 0)
            return;
        list = list ? hy_arena_printf(v->arena, "%s, %s", list, *values) : *values;
    }
    if (values)
        hy_violations_add(v, path, "one_of", list, shown_value(value, v->arena),
                          "%s must be one of the template's: %s.", path, list ? list : "none");
}

void hy_template_check_value(const struct hy_template_field *field, const char *value,
                             struct hy_violations *v, const char *path)
{
    const struct rule *rule = &rules[field->type];

    if (!hy_template_is_utf8(value)) {
        hy_violations_add(v, path, "utf8", NULL, NULL, "%s must be text in UTF-8.", path);
        return;
    }
    if (!*value) {
        hy_violations_add(v, path, "not_empty", "1", "0", "%s must not be empty.", path);
        return;
    }
    check_length(field->type, value, v, path);
    if (has_control(rule, value, v, path))
        return;
    if (rule->classes && has_foreign(rule, value, v, path))
        return;
    if (rule->fits && !rule->fits(value))
        hy_violations_add(v, path, "format", rule->shape, shown_value(value, v->arena),
                          "%s must be %s.", path, rule->shape);
    if (field->type == HY_TEMPLATE_ENUM)
        check_choice(field->enum_values, value, v, path);
}
