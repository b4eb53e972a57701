#include "domain/cron.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                          "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct field {
    const char *name;
    unsigned low, high;
    enum hy_cron_star star;
    const char *const *names; /* the first one is `low` */
    unsigned name_count;
};

static const struct field fields[] = {
    {"minute", 0, 59, HY_CRON_STAR_MINUTE, NULL, 0},
    {"hour", 0, 23, HY_CRON_STAR_HOUR, NULL, 0},
    {"day of month", 1, 31, HY_CRON_STAR_DAY, NULL, 0},
    {"month", 1, 12, HY_CRON_STAR_MONTH, month_names, 12},
    {"day of week", 0, 7, HY_CRON_STAR_WEEKDAY, weekday_names, 7},
};

enum { FIELDS = 5, NUMBER_MAX = 1000000 };

static const struct {
    const char *word;
    const char *text;
} macros[] = {
    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

struct reader {
    const char *text;
    size_t at;
    const struct field *field; /* null outside of the fields */
    struct hy_cron_error error;
};

__attribute__((format(printf, 4, 5))) static int fail(struct reader *r, size_t position,
                                                      const char *rule, const char *format, ...)
{
    const char *name = r->field ? r->field->name : "";
    size_t used = 0;
    va_list args;

    r->error.position = position;
    r->error.field = name;
    r->error.rule = rule;
    if (*name)
        used = (size_t)snprintf(r->error.message, sizeof r->error.message, "%s: ", name);
    va_start(args, format);
    vsnprintf(r->error.message + used, sizeof r->error.message - used, format, args);
    va_end(args);
    return HY_E_INVALID;
}

static char peek(const struct reader *r)
{
    return r->text[r->at];
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool ends_field(char c)
{
    return c == '\0' || blank(c);
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void skip_blanks(struct reader *r)
{
    while (blank(peek(r)))
        r->at++;
}

static int fail_character(struct reader *r, const char *expected)
{
    char c = peek(r);

    if (ends_field(c))
        return fail(r, r->at, "syntax", "%s is missing here", expected);
    if (c > ' ' && c < 127)
        return fail(r, r->at, "syntax", "'%c' isn't allowed here, expected %s", c, expected);
    return fail(r, r->at, "syntax", "byte 0x%02x isn't allowed here, expected %s", (unsigned char)c,
                expected);
}

/* Digits at the reader; larger numbers than any field knows come back as NUMBER_MAX. */
static unsigned take_number(struct reader *r)
{
    unsigned value = 0;

    for (; digit(peek(r)); r->at++) {
        value = value * 10 + (unsigned)(peek(r) - '0');
        if (value > NUMBER_MAX)
            value = NUMBER_MAX;
    }
    return value;
}

static int take_name(struct reader *r, unsigned *ret_value)
{
    const struct field *f = r->field;
    const char *word = r->text + r->at;
    size_t start = r->at;

    while (letter(peek(r)))
        r->at++;
    for (unsigned i = 0; i < f->name_count; i++) {
        if (r->at - start == 3 && strncasecmp(word, f->names[i], 3) == 0) {
            *ret_value = f->low + i;
            return 0;
        }
    }
    if (!f->names)
        return fail(r, start, "name", "only numbers from %u to %u are allowed here, no names",
                    f->low, f->high);
    return fail(r, start, "name", "'%.*s' isn't a name; allowed are %s to %s and %u to %u",
                (int)(r->at - start > 12 ? 12 : r->at - start), word, f->names[0],
                f->names[f->name_count - 1], f->low, f->high);
}

static int take_value(struct reader *r, unsigned *ret_value)
{
    size_t start = r->at;
    unsigned value;

    if (letter(peek(r)))
        return take_name(r, ret_value);
    if (!digit(peek(r)))
        return fail_character(r, "a value");
    value = take_number(r);
    if (value < r->field->low || value > r->field->high)
        return fail(r, start, "range", "%.*s is out of range, %u to %u are allowed",
                    (int)(r->at - start > 12 ? 12 : r->at - start), r->text + start, r->field->low,
                    r->field->high);
    *ret_value = value;
    return 0;
}

static int take_step(struct reader *r, bool single, unsigned value, unsigned *ret_step)
{
    size_t slash = r->at++, number = r->at;

    if (single)
        return fail(r, slash, "step", "a step needs * or a range before it, such as %u-%u/...",
                    value, r->field->high);
    if (!digit(peek(r)))
        return fail_character(r, "a number");
    *ret_step = take_number(r);
    if (*ret_step == 0)
        return fail(r, number, "step", "the step is 0, it must be 1 or more");
    return 0;
}

/* The part of an item before the step. */
static int take_range(struct reader *r, unsigned *ret_low, unsigned *ret_high, bool *ret_single)
{
    size_t start = r->at;
    int result;

    *ret_single = false;
    *ret_low = r->field->low;
    *ret_high = r->field->high;
    if (peek(r) == '*') {
        r->at++;
        return 0;
    }
    result = take_value(r, ret_low);
    if (result < 0)
        return result;
    *ret_high = *ret_low;
    *ret_single = peek(r) != '-';
    if (*ret_single)
        return 0;
    r->at++;
    result = take_value(r, ret_high);
    if (result == 0 && *ret_low > *ret_high)
        return fail(r, start, "order", "the range runs backwards, from %u to %u", *ret_low,
                    *ret_high);
    return result;
}

static int take_item(struct reader *r, uint64_t *bits)
{
    unsigned low, high, step = 1;
    bool single;
    int result;

    result = take_range(r, &low, &high, &single);
    if (result == 0 && peek(r) == '/')
        result = take_step(r, single, low, &step);
    if (result < 0)
        return result;
    for (unsigned value = low; value <= high; value += step)
        *bits |= UINT64_C(1) << value;
    return 0;
}

static int take_field(struct reader *r, uint64_t *ret_bits, uint8_t *stars)
{
    uint64_t bits = 0;
    int result;

    if (peek(r) == '\0')
        return fail(r, r->at, "missing", "this field is missing, five fields are needed");
    if (peek(r) == '*')
        *stars |= (uint8_t)r->field->star;
    for (;;) {
        result = take_item(r, &bits);
        if (result < 0)
            return result;
        if (ends_field(peek(r)))
            break;
        if (peek(r) != ',')
            return fail_character(r, "a comma or a blank");
        r->at++;
    }
    *ret_bits = bits;
    skip_blanks(r);
    return 0;
}

static int take_fields(struct reader *r, struct hy_cron *ret_cron)
{
    uint64_t bits[FIELDS];
    uint8_t stars = 0;

    for (size_t i = 0; i < FIELDS; i++) {
        int result;

        r->field = &fields[i];
        result = take_field(r, &bits[i], &stars);
        if (result < 0)
            return result;
    }
    r->field = NULL;
    if (peek(r) != '\0')
        return fail(r, r->at, "extra", "there is more after the fifth field, only five are read");
    *ret_cron = (struct hy_cron){
        .minutes = bits[0],
        .hours = (uint32_t)bits[1],
        .days = (uint32_t)bits[2],
        .months = (uint16_t)bits[3],
        .weekdays = (uint8_t)((bits[4] | bits[4] >> 7) & 0x7f),
        .stars = stars,
    };
    return 0;
}

static int take_macro(struct reader *r, struct hy_cron *ret_cron)
{
    const char *word = r->text + r->at;
    size_t start = r->at, size;

    while (!ends_field(peek(r)))
        r->at++;
    size = r->at - start;
    skip_blanks(r);
    for (size_t i = 0; i < sizeof macros / sizeof macros[0]; i++) {
        struct reader inner = {.text = macros[i].text};

        if (size != strlen(macros[i].word) || strncasecmp(word, macros[i].word, size) != 0)
            continue;
        if (peek(r) != '\0')
            return fail(r, r->at, "extra", "%s stands alone, nothing may follow it",
                        macros[i].word);
        return take_fields(&inner, ret_cron);
    }
    if (size == 7 && strncasecmp(word, "@reboot", size) == 0)
        return fail(r, start, "macro", "@reboot names no time; a schedule has to be due at times");
    return fail(r, start, "macro",
                "no such word; there are @hourly @daily @midnight @weekly @monthly @yearly "
                "@annually");
}

int hy_cron_parse(const char *text, struct hy_cron *ret_cron, struct hy_cron_error *ret_error)
{
    struct reader r = {.text = text};
    struct hy_cron cron;
    int result;

    skip_blanks(&r);
    if (strnlen(text, HY_CRON_TEXT_BYTES) == HY_CRON_TEXT_BYTES)
        result = fail(&r, HY_CRON_TEXT_BYTES - 1, "length", "longer than %d bytes",
                      HY_CRON_TEXT_BYTES - 1);
    else if (peek(&r) == '@')
        result = take_macro(&r, &cron);
    else
        result = take_fields(&r, &cron);
    if (result == 0)
        *ret_cron = cron;
    else if (ret_error)
        *ret_error = r.error;
    return result;
}
