#include "base/instant.h"

#include "base/err.h"

#include <stdbool.h>
#include <stdio.h>

static const int64_t day_ms = 86400000;
static const int64_t first_ms = -62167219200000; /* 0000-01-01 */
static const int64_t last_ms = 253402300799999;  /* 9999-12-31 23:59:59.999 */

/* Days are counted in 400-year eras that start on 1 March, so that the leap day is the last. */
int64_t hy_days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? (int64_t)year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

void hy_civil_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    *ret_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

const char *hy_instant_print(int64_t ms, char into[HY_INSTANT_TEXT_BYTES])
{
    int64_t days, rest;
    int year, month, day;

    if (ms < first_ms)
        ms = first_ms;
    if (ms > last_ms)
        ms = last_ms;
    days = ms / day_ms;
    rest = ms % day_ms;
    if (rest < 0) {
        rest += day_ms;
        days--;
    }
    hy_civil_from_days(days, &year, &month, &day);
    snprintf(into, HY_INSTANT_TEXT_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
             (unsigned)year % 10000, (unsigned)month % 100, (unsigned)day % 100,
             (unsigned)(rest / 3600000) % 100, (unsigned)(rest / 60000 % 60),
             (unsigned)(rest / 1000 % 60), (unsigned)(rest % 1000));
    return into;
}

static bool digits(const char **at, int count, int *ret_value)
{
    int value = 0;

    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        value = value * 10 + (**at - '0');
    }
    *ret_value = value;
    return true;
}

static bool one_of(const char **at, const char *set)
{
    for (; *set; set++) {
        if (**at == *set) {
            (*at)++;
            return true;
        }
    }
    return false;
}

static int days_in_month(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return lengths[month - 1] + (month == 2 && leap);
}

static bool parse_date(const char **at, int64_t *ret_days)
{
    int year, month, day;

    if (!digits(at, 4, &year) || !one_of(at, "-") || !digits(at, 2, &month) || !one_of(at, "-") ||
        !digits(at, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *ret_days = hy_days_from_civil(year, month, day);
    return true;
}

static bool parse_time(const char **at, int64_t *ret_ms)
{
    int hour, minute, second, scale = 100, ms = 0;

    if (!digits(at, 2, &hour) || !one_of(at, ":") || !digits(at, 2, &minute) || !one_of(at, ":") ||
        !digits(at, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    if (one_of(at, ".")) {
        if (**at < '0' || **at > '9')
            return false;
        for (; **at >= '0' && **at <= '9'; (*at)++, scale /= 10)
            ms += (**at - '0') * scale;
    }
    /* A leap second is the last one of its minute: POSIX time has no other place for it. */
    second = second == 60 ? 59 : second;
    *ret_ms = ((int64_t)hour * 3600 + minute * 60 + second) * 1000 + ms;
    return true;
}

static bool parse_offset(const char **at, int64_t *ret_ms)
{
    int hour, minute, sign = **at == '-' ? -1 : 1;

    if (one_of(at, "Zz")) {
        *ret_ms = 0;
        return true;
    }
    if (!one_of(at, "+-") || !digits(at, 2, &hour) || !one_of(at, ":") || !digits(at, 2, &minute))
        return false;
    if (hour > 23 || minute > 59)
        return false;
    *ret_ms = sign * ((int64_t)hour * 60 + minute) * 60000;
    return true;
}

int hy_instant_parse(const char *text, int64_t *ret_ms)
{
    int64_t days, time_ms, offset_ms;

    if (!parse_date(&text, &days) || !one_of(&text, "Tt ") || !parse_time(&text, &time_ms) ||
        !parse_offset(&text, &offset_ms) || *text)
        return HY_E_INVALID;
    *ret_ms = days * day_ms + time_ms - offset_ms;
    return 0;
}
