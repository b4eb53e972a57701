#include "domain/tzrule.h"

#include "base/err.h"
#include "base/instant.h"

static const int64_t day_s = 86400;
static const int64_t year_0_s = -62167219200;
static const int64_t year_9999_s = 253402300799;

struct reader {
    const char *at, *end;
};

static bool take(struct reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_number(struct reader *r, int low, int high, int *ret_value)
{
    const char *start = r->at;
    int value = 0;

    while (r->at < r->end && digit(*r->at) && r->at - start < 4)
        value = value * 10 + (*r->at++ - '0');
    if (r->at == start || value < low || value > high)
        return false;
    *ret_value = value;
    return true;
}

/* "CET" or "<+08>": of no use here, but it has to be well formed. */
static bool skip_name(struct reader *r)
{
    const char *start = r->at;

    if (take(r, '<')) {
        while (r->at < r->end &&
               (letter(*r->at) || digit(*r->at) || *r->at == '+' || *r->at == '-'))
            r->at++;
        return r->at - start >= 2 && take(r, '>');
    }
    while (r->at < r->end && letter(*r->at))
        r->at++;
    return r->at - start >= 3;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool read_time(struct reader *r, int hour_max, int *ret_s)
{
    int sign, hour, minute = 0, second = 0;

    sign = take(r, '-') ? -1 : 1;
    if (sign > 0)
        take(r, '+');
    if (!read_number(r, 0, hour_max, &hour))
        return false;
    if (take(r, ':')) {
        if (!read_number(r, 0, 59, &minute))
            return false;
        if (take(r, ':') && !read_number(r, 0, 59, &second))
            return false;
    }
    *ret_s = sign * (hour * 3600 + minute * 60 + second);
    return true;
}

static bool read_date(struct reader *r, struct hy_tzrule_date *ret_date)
{
    struct hy_tzrule_date date = {.time_s = 2 * 3600};

    if (take(r, 'M')) {
        date.kind = HY_TZRULE_WEEKDAY;
        if (!read_number(r, 1, 12, &date.month) || !take(r, '.') ||
            !read_number(r, 1, 5, &date.week) || !take(r, '.') || !read_number(r, 0, 6, &date.day))
            return false;
    } else if (take(r, 'J')) {
        date.kind = HY_TZRULE_JULIAN;
        if (!read_number(r, 1, 365, &date.day))
            return false;
    } else {
        date.kind = HY_TZRULE_ORDINAL;
        if (!read_number(r, 0, 365, &date.day))
            return false;
    }
    if (take(r, '/') && !read_time(r, 167, &date.time_s))
        return false;
    *ret_date = date;
    return true;
}

static bool read_rule(struct reader *r, struct hy_tzrule *rule)
{
    if (!skip_name(r) || !read_time(r, 24, &rule->std_offset_s))
        return false;
    rule->std_offset_s = -rule->std_offset_s; /* POSIX counts to the west */
    if (r->at == r->end)
        return true;
    rule->has_dst = true;
    rule->dst_offset_s = rule->std_offset_s + 3600;
    if (!skip_name(r))
        return false;
    if (r->at < r->end && *r->at != ',') {
        if (!read_time(r, 24, &rule->dst_offset_s))
            return false;
        rule->dst_offset_s = -rule->dst_offset_s;
    }
    return take(r, ',') && read_date(r, &rule->start) && take(r, ',') && read_date(r, &rule->end) &&
           r->at == r->end;
}

int hy_tzrule_parse(const char *text, size_t size, struct hy_tzrule *ret_rule)
{
    struct reader r = {.at = text, .end = text + size};
    struct hy_tzrule rule = {0};

    if (!read_rule(&r, &rule))
        return HY_E_CORRUPT;
    *ret_rule = rule;
    return 0;
}

static int64_t weekday_in_month(int year, const struct hy_tzrule_date *date)
{
    int64_t first = hy_days_from_civil(year, date->month, 1);
    int64_t next = date->month == 12 ? hy_days_from_civil(year + 1, 1, 1)
                                     : hy_days_from_civil(year, date->month + 1, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* day 0 of the epoch was a Thursday */
    int64_t day = first + (date->day - weekday + 7) % 7 + 7 * (int64_t)(date->week - 1);

    return day < next ? day : day - 7;
}

/* The change in that year, on the local clock, in seconds. */
static int64_t date_in_year(int year, const struct hy_tzrule_date *date)
{
    int64_t days = hy_days_from_civil(year, 1, 1);
    bool leap = hy_days_from_civil(year + 1, 1, 1) - days == 366;

    if (date->kind == HY_TZRULE_WEEKDAY)
        days = weekday_in_month(year, date);
    else if (date->kind == HY_TZRULE_ORDINAL)
        days += date->day;
    else
        days += date->day - 1 + (leap && date->day >= 60);
    return days * day_s + date->time_s;
}

struct change {
    int64_t at_s;
    int offset_s; /* from here on */
};

/* Sorted by time. Where summer time ends in the instant it starts again (that is how a rule says
 * "for ever"), the start is the later of the two and wins. */
static void insert(struct change *changes, size_t *count, struct change c, bool starts_dst)
{
    size_t i = (*count)++;

    for (; i > 0; i--) {
        if (changes[i - 1].at_s < c.at_s || (changes[i - 1].at_s == c.at_s && starts_dst))
            break;
        changes[i] = changes[i - 1];
    }
    changes[i] = c;
}

static size_t changes_around(const struct hy_tzrule *rule, int year, struct change changes[6])
{
    size_t count = 0;

    for (int y = year - 1; y <= year + 1; y++) {
        struct change start = {date_in_year(y, &rule->start) - rule->std_offset_s,
                               rule->dst_offset_s};
        struct change end = {date_in_year(y, &rule->end) - rule->dst_offset_s, rule->std_offset_s};

        insert(changes, &count, start, true);
        insert(changes, &count, end, false);
    }
    return count;
}

void hy_tzrule_span(const struct hy_tzrule *rule, int64_t at_s, struct hy_tzrule_span *ret_span)
{
    struct hy_tzrule_span span = {INT64_MIN, INT64_MAX, rule->std_offset_s};
    int64_t clamped = at_s < year_0_s ? year_0_s : at_s > year_9999_s ? year_9999_s : at_s;
    struct change changes[6];
    size_t count;
    int year, month, day;

    if (rule->has_dst) {
        hy_civil_from_days((clamped - (clamped % day_s + day_s) % day_s) / day_s, &year, &month,
                           &day);
        count = changes_around(rule, year, changes);
        if (changes[0].offset_s == rule->std_offset_s)
            span.offset_s = rule->dst_offset_s;
        for (size_t i = 0; i < count; i++) {
            if (changes[i].at_s > at_s) {
                span.end_s = changes[i].at_s;
                break;
            }
            span.start_s = changes[i].at_s;
            span.offset_s = changes[i].offset_s;
        }
    }
    *ret_span = span;
}
