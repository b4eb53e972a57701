#include "sim/fields.h"

#include <string.h>

enum { POINTS_MAX = 128 };

/* A value as code points; longer ones than any rule allows are only counted. */
struct points {
    uint32_t at[POINTS_MAX];
    size_t count;
};

static void decode(const char *utf8, struct points *ret_points)
{
    const unsigned char *p = (const unsigned char *)utf8;
    size_t count = 0;

    while (*p) {
        int more = *p < 0x80 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
        uint32_t point = more ? *p & (0x3fu >> more) : *p;

        for (p++; more && (*p & 0xc0) == 0x80; more--, p++)
            point = point << 6 | (*p & 0x3fu);
        if (count < POINTS_MAX)
            ret_points->at[count] = point;
        count++;
    }
    ret_points->count = count;
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_han(uint32_t c)
{
    return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3ffff) || c == 0x3007;
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

static bool is_symbol(uint32_t c)
{
    return !is_digit(c) && !is_letter(c) && !is_han(c) && !is_control(c);
}

static bool digit_or_symbol(uint32_t c)
{
    return is_digit(c) || is_symbol(c);
}

static bool not_control(uint32_t c)
{
    return !is_control(c);
}

static bool not_han(uint32_t c)
{
    return !is_han(c) && !is_control(c);
}

static bool all(const struct points *v, size_t max, bool (*allowed)(uint32_t c))
{
    if (v->count > max)
        return false;
    for (size_t i = 0; i < v->count; i++) {
        if (!allowed(v->at[i]))
            return false;
    }
    return true;
}

static bool thing(const struct points *v)
{
    return all(v, 20, not_control);
}

static bool letter(const struct points *v)
{
    return all(v, 32, is_letter);
}

static bool symbol(const struct points *v)
{
    return all(v, 5, is_symbol);
}

static bool character_string(const struct points *v)
{
    return all(v, 32, not_han);
}

static bool phone_number(const struct points *v)
{
    return all(v, 17, digit_or_symbol);
}

static bool phrase(const struct points *v)
{
    return all(v, 5, is_han);
}

/* Digits with at most one point inside; `whole_max` of them before it. Returns where it ends. */
static size_t skip_decimal(const struct points *v, size_t i, size_t whole_max)
{
    size_t start = i;

    while (i < v->count && is_digit(v->at[i]))
        i++;
    if (i == start || i - start > whole_max)
        return SIZE_MAX;
    if (i + 1 < v->count && v->at[i] == '.' && is_digit(v->at[i + 1])) {
        i++;
        while (i < v->count && is_digit(v->at[i]))
            i++;
    }
    return i;
}

static bool number(const struct points *v)
{
    size_t sign = v->count && v->at[0] == '-';

    return v->count <= 32 && skip_decimal(v, sign, 32) == v->count;
}

/* One currency sign (in practice left out by many, and let through), digits, the yuan character. */
static bool amount(const struct points *v)
{
    static const uint32_t yuan = 0x5143;
    size_t i = v->count && is_symbol(v->at[0]) && v->at[0] != '-' && v->at[0] != '.';

    if (v->count > POINTS_MAX)
        return false;
    i = skip_decimal(v, i, 10);
    if (i < v->count && v->at[i] == yuan)
        i++;
    return i == v->count;
}

static bool car_number(const struct points *v)
{
    if (v->count > 8)
        return false;
    for (size_t i = 0; i < v->count; i++) {
        bool edge = i == 0 || i + 1 == v->count;

        if (!is_letter(v->at[i]) && !is_digit(v->at[i]) && !(edge && is_han(v->at[i])))
            return false;
    }
    return true;
}

/* Any Han character makes it a Chinese name, with the shorter limit. */
static bool name(const struct points *v)
{
    size_t max = 20;

    for (size_t i = 0; i < v->count && i < max; i++) {
        if (is_han(v->at[i]))
            max = 10;
    }
    for (size_t i = 0; i < v->count && i < POINTS_MAX; i++) {
        if (is_digit(v->at[i]) || is_control(v->at[i]))
            return false;
    }
    return v->count <= max;
}

/* --- dates and times: a small reader that walks from left to right ---------------------------- */

static bool take(const struct points *v, size_t *at, uint32_t c)
{
    if (*at >= v->count || v->at[*at] != c)
        return false;
    ++*at;
    return true;
}

/* `min` to `max` digits that make `least` to `most`. */
static bool take_number(const struct points *v, size_t *at, size_t min, size_t max, unsigned least,
                        unsigned most)
{
    unsigned value = 0;
    size_t start = *at;

    while (*at < v->count && *at - start < max && is_digit(v->at[*at]))
        value = value * 10 + (v->at[(*at)++] - '0');
    return *at - start >= min && value >= least && value <= most;
}

/* HH:MM or HH:MM:SS */
static bool take_time(const struct points *v, size_t *at)
{
    if (!take_number(v, at, 1, 2, 0, 23) || !take(v, at, ':') || !take_number(v, at, 2, 2, 0, 59))
        return false;
    return !take(v, at, ':') || take_number(v, at, 2, 2, 0, 59);
}

static bool take_han_date(const struct points *v, size_t *at)
{
    static const uint32_t year = 0x5e74, month = 0x6708, day = 0x65e5;
    size_t start = *at;
    bool with_year = take_number(v, at, 4, 4, 0, 9999) && take(v, at, year);

    if (!with_year)
        *at = start;
    if (!take_number(v, at, 1, 2, 1, 12) || !take(v, at, month))
        return false;
    start = *at;
    if (take_number(v, at, 1, 2, 1, 31) && take(v, at, day))
        return true;
    *at = start;
    return with_year;
}

/* Year and month, month and day, or all three, joined by the same one of - / and . */
static bool take_joined_date(const struct points *v, size_t *at, uint32_t joint)
{
    size_t start = *at;
    bool with_year = take_number(v, at, 4, 4, 0, 9999) && take(v, at, joint);

    if (!with_year)
        *at = start;
    if (!take_number(v, at, 1, 2, 1, 12))
        return false;
    if (!take(v, at, joint))
        return with_year;
    return take_number(v, at, 1, 2, 1, 31);
}

static bool take_date(const struct points *v, size_t *at)
{
    size_t start = *at;

    for (const char *joint = "-/."; *joint; joint++) {
        if (take_joined_date(v, at, (uint32_t)*joint))
            return true;
        *at = start;
    }
    if (take_han_date(v, at))
        return true;
    *at = start;
    return false;
}

static bool take_date_and_time(const struct points *v, size_t *at, bool date_alone)
{
    if (take_date(v, at)) {
        size_t end = *at;

        take(v, at, ' ');
        if (take_time(v, at))
            return true;
        *at = end;
        return date_alone;
    }
    return !date_alone && take_time(v, at);
}

/* One point in time or two joined by a tilde, with blanks around it or without. */
static bool time_or_range(const struct points *v, bool date_alone)
{
    size_t at = 0;

    if (v->count > POINTS_MAX || !take_date_and_time(v, &at, date_alone))
        return false;
    if (at == v->count)
        return true;
    take(v, &at, ' ');
    if (!take(v, &at, '~'))
        return false;
    take(v, &at, ' ');
    return take_date_and_time(v, &at, date_alone) && at == v->count;
}

static bool time_of_day(const struct points *v)
{
    return time_or_range(v, false);
}

static bool date(const struct points *v)
{
    return time_or_range(v, true);
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct type {
    const char *name;
    bool (*ok)(const struct points *v); /* null: one of the choices */
} types[] = {
    {"thing", thing},
    {"number", number},
    {"letter", letter},
    {"symbol", symbol},
    {"character_string", character_string},
    {"time", time_of_day},
    {"date", date},
    {"amount", amount},
    {"phone_number", phone_number},
    {"car_number", car_number},
    {"name", name},
    {"phrase", phrase},
    {"enum_string", NULL},
};

static const struct type *type_of(const char *key)
{
    size_t length = strcspn(key, "0123456789");
    size_t digits = strspn(key + length, "0123456789");

    if (digits == 0 || digits > 4 || key[length + digits] != 0)
        return NULL;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strlen(types[i].name) == length && strncmp(types[i].name, key, length) == 0)
            return &types[i];
    }
    return NULL;
}

static bool one_of(const char *value, hy_sim_texts choices)
{
    for (; choices && *choices; choices++) {
        if (strcmp(*choices, value) == 0)
            return true;
    }
    return false;
}

bool hy_sim_field_key_ok(const char *key)
{
    return type_of(key) != NULL;
}

bool hy_sim_field_ok(const char *key, const char *value, hy_sim_texts choices)
{
    const struct type *type = type_of(key);
    struct points points;

    if (!type)
        return false;
    if (!type->ok)
        return one_of(value, choices);
    decode(value, &points);
    return type->ok(&points);
}
