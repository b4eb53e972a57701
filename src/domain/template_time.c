/* The times and dates that a template's field may hold; see template.h. */
#include "domain/template_rules.h"

#include <string.h>

static bool skip(const char **at, const char *mark)
{
    size_t length = strlen(mark);

    if (strncmp(*at, mark, length) != 0)
        return false;
    *at += length;
    return true;
}

static bool skip_blanks(const char **at)
{
    const char *start = *at;

    *at += strspn(*at, " ");
    return *at != start;
}

/* Reads up to `max` digits; how many there were. */
static int read_number(const char **at, int max, int *ret_number)
{
    int count = 0;

    *ret_number = 0;
    for (; count < max && **at >= '0' && **at <= '9'; (*at)++, count++)
        *ret_number = *ret_number * 10 + (**at - '0');
    return count;
}

static bool is_day(int year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    if (month < 1 || month > 12)
        return false;
    return day >= 1 && day <= lengths[month - 1] + (month == 2 && leap);
}

/* The rest of 2018年1月1日, 2018年1月 or 1月1日 when the first number has been read. */
static bool read_marked(const char **at, bool has_year, int *month, int *day)
{
    const char *behind_month;

    if (has_year && (!skip(at, "年") || !read_number(at, 2, month)))
        return false;
    if (!skip(at, "月"))
        return false;
    behind_month = *at;
    if (read_number(at, 2, day) && skip(at, "日"))
        return true;
    *at = behind_month;
    *day = 1;
    return has_year;
}

/* The rest of 2018-1-1, 2018-1 or 1-1. */
static bool read_joined(const char **at, bool has_year, int *month, int *day)
{
    char joint[2] = {**at};

    if (!joint[0] || !strchr("-/.", joint[0]))
        return false;
    if (has_year) {
        (*at)++;
        if (!read_number(at, 2, month))
            return false;
        *day = 1;
    }
    if (!skip(at, joint))
        return has_year;
    return read_number(at, 2, day) > 0;
}

/* `ret_marked` tells whether it ended with a Chinese mark, behind which a time needs no blank. */
static bool read_date(const char **at, bool *ret_marked)
{
    int first, month, day = 0, count = read_number(at, 4, &first);
    bool has_year = count == 4;

    if (count == 0 || count == 3)
        return false;
    month = first;
    *ret_marked = (unsigned char)**at >= 0x80;
    if (*ret_marked ? !read_marked(at, has_year, &month, &day)
                    : !read_joined(at, has_year, &month, &day))
        return false;
    /* Without a year, 29 February is one. */
    return is_day(has_year ? first : 2000, month, day);
}

static bool read_clock(const char **at)
{
    int hour, minute, second;

    if (!read_number(at, 2, &hour) || hour > 23 || !skip(at, ":"))
        return false;
    if (read_number(at, 2, &minute) != 2 || minute > 59)
        return false;
    return !skip(at, ":") || (read_number(at, 2, &second) == 2 && second <= 59);
}

static bool read_time_point(const char **at)
{
    const char *start = *at;
    bool marked;

    if (!read_date(at, &marked))
        *at = start;
    else if (!skip_blanks(at) && !marked)
        return false;
    return read_clock(at);
}

static bool read_date_point(const char **at)
{
    const char *behind;
    bool marked;

    if (!read_date(at, &marked))
        return false;
    behind = *at;
    if (!skip_blanks(at) && !marked)
        return true;
    if (!read_clock(at))
        *at = behind;
    return true;
}

static bool is_point_or_range(const char *text, bool (*read_point)(const char **at))
{
    if (!read_point(&text))
        return false;
    if (!*text)
        return true;
    skip_blanks(&text);
    if (!skip(&text, "~"))
        return false;
    skip_blanks(&text);
    return read_point(&text) && !*text;
}

bool hy_template_is_time(const char *text)
{
    return is_point_or_range(text, read_time_point);
}

bool hy_template_is_date(const char *text)
{
    return is_point_or_range(text, read_date_point);
}
