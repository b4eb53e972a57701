#include "domain/cron.h"

#include <stdarg.h>
#include <stdio.h>

struct writer {
    char *into;
    size_t size;
};

/* The longest text is far below HY_CRON_TEXT_BYTES: every second minute is 83 bytes. */
__attribute__((format(printf, 2, 3))) static void put(struct writer *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    w->size += (size_t)vsnprintf(w->into + w->size, HY_CRON_TEXT_BYTES - w->size, format, args);
    va_end(args);
}

static bool has(uint64_t bits, unsigned value)
{
    return value < 64 && (bits >> value & 1);
}

static uint64_t stepped(unsigned low, unsigned high, unsigned step)
{
    uint64_t bits = 0;

    for (unsigned value = low; value <= high; value += step)
        bits |= UINT64_C(1) << value;
    return bits;
}

/* A field that begins with "*" has at least the values of some step: step `high - low + 1` is `low`
 * alone. */
static uint64_t put_star(struct writer *w, uint64_t bits, unsigned low, unsigned high)
{
    unsigned step = 1;

    while ((stepped(low, high, step) & ~bits) != 0)
        step++;
    put(w, "*");
    if (step > 1)
        put(w, "/%u", step);
    return bits & ~stepped(low, high, step);
}

static void put_list(struct writer *w, uint64_t bits, const char *comma)
{
    for (unsigned value = 0; value < 64; value++) {
        unsigned last = value;

        if (!has(bits, value))
            continue;
        while (has(bits, last + 1))
            last++;
        if (last - value < 2)
            last = value;
        put(w, "%s%u", comma, value);
        if (last > value)
            put(w, "-%u", last);
        comma = ",";
        value = last;
    }
}

static void put_field(struct writer *w, uint64_t bits, unsigned low, unsigned high, bool star)
{
    const char *comma = "";

    if (w->size > 0)
        put(w, " ");
    if (star) {
        bits = put_star(w, bits, low, high);
        comma = ",";
    }
    put_list(w, bits, comma);
}

const char *hy_cron_print(const struct hy_cron *cron, char into[HY_CRON_TEXT_BYTES])
{
    struct writer w = {.into = into};

    put_field(&w, cron->minutes, 0, 59, cron->stars & HY_CRON_STAR_MINUTE);
    put_field(&w, cron->hours, 0, 23, cron->stars & HY_CRON_STAR_HOUR);
    put_field(&w, cron->days, 1, 31, cron->stars & HY_CRON_STAR_DAY);
    put_field(&w, cron->months, 1, 12, cron->stars & HY_CRON_STAR_MONTH);
    put_field(&w, cron->weekdays, 0, 6, cron->stars & HY_CRON_STAR_WEEKDAY);
    return into;
}

bool hy_cron_equal(const struct hy_cron *a, const struct hy_cron *b)
{
    return a->minutes == b->minutes && a->hours == b->hours && a->days == b->days &&
           a->months == b->months && a->weekdays == b->weekdays && a->stars == b->stars;
}
