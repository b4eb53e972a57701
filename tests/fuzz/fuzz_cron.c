/*
 * fuzz_cron.c - any bytes as a schedule; whatever is one keeps its word.
 *
 * Input: one byte for the zone, eight for an instant, then the text. A fault position lies inside
 * the text; print and parse give the same schedule; the next run is later than the instant, shows
 * the schedule's own fields on the local clock or is the end of a gap that swallowed such a minute,
 * and is the next run of every instant before it.
 */
#include "base/err.h"
#include "base/instant.h"
#include "domain/cron.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 1024, PREFIX_BYTES = 9, CHAIN = 4 };

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static const char *const names[] = {"UTC",           "Asia/Shanghai",       "America/New_York",
                                    "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo",
                                    "Pacific/Apia",  "Africa/Cairo"};
enum { ZONES = sizeof names / sizeof names[0] };

static const struct hy_zone *zone_of(uint8_t byte)
{
    static struct hy_zone *zones[ZONES];
    size_t i = byte % ZONES;

    if (!zones[i])
        MUST(hy_zone_open(names[i], &zones[i]) == 0);
    return zones[i];
}

static bool on_day(const struct hy_cron *c, int month, int day, int weekday)
{
    bool by_day = c->days >> day & 1, by_weekday = c->weekdays >> weekday & 1;
    bool star = c->stars & (HY_CRON_STAR_DAY | HY_CRON_STAR_WEEKDAY);

    return (c->months >> month & 1) && (star ? by_day && by_weekday : by_day || by_weekday);
}

static bool shows_fields(const struct hy_cron *c, int64_t local_ms)
{
    int64_t minutes = local_ms / 60000 - (local_ms % 60000 < 0);
    int64_t days = minutes / 1440 - (minutes % 1440 < 0);
    int of_day = (int)(minutes - days * 1440);
    int year, month, day;

    hy_civil_from_days(days, &year, &month, &day);
    return local_ms % 60000 == 0 && (c->minutes >> of_day % 60 & 1) &&
           (c->hours >> of_day / 60 & 1) && on_day(c, month, day, (int)(((days + 4) % 7 + 7) % 7));
}

/* Whether the clock is put forward at `change_ms` and a matching minute is lost by it. */
static bool gap_swallows(const struct hy_cron *c, const struct hy_zone *zone, int64_t change_ms)
{
    int64_t from_ms = change_ms + hy_zone_offset_ms(zone, change_ms - 1);
    int64_t to_ms = change_ms + hy_zone_offset_ms(zone, change_ms);
    int64_t past_ms = (from_ms % 60000 + 60000) % 60000;

    for (int64_t at_ms = from_ms + (60000 - past_ms) % 60000; at_ms < to_ms; at_ms += 60000) {
        if (shows_fields(c, at_ms))
            return true;
    }
    return false;
}

/* Nothing is due between two runs: not at the next change, and for wildcards not half-way. */
static void check_pause(const struct hy_cron *c, const struct hy_zone *zone, int64_t from_ms,
                        int64_t run_ms)
{
    int64_t half_ms = (from_ms + (run_ms - from_ms) / 2) / 60000 * 60000;
    struct hy_zone_span span;

    hy_zone_span(zone, from_ms, &span);
    MUST(span.end_ms >= run_ms || !gap_swallows(c, zone, span.end_ms));
    if ((c->stars & (HY_CRON_STAR_MINUTE | HY_CRON_STAR_HOUR)) && half_ms > from_ms &&
        half_ms < run_ms)
        MUST(!shows_fields(c, half_ms + hy_zone_offset_ms(zone, half_ms)));
}

static void check_runs(const struct hy_cron *c, const struct hy_zone *zone, int64_t from_ms)
{
    for (int i = 0; i < CHAIN; i++) {
        int64_t run_ms = 0, again_ms = 0;
        int result = hy_cron_next(c, zone, from_ms, &run_ms);

        MUST(result == 0 || result == HY_CRON_NEVER || (i == 0 && result == HY_E_INVALID));
        if (result != 0)
            return;
        MUST(run_ms > from_ms);
        MUST(shows_fields(c, run_ms + hy_zone_offset_ms(zone, run_ms)) ||
             gap_swallows(c, zone, run_ms));
        check_pause(c, zone, from_ms, run_ms);
        MUST(hy_cron_next(c, zone, run_ms - 1, &again_ms) == 0 && again_ms == run_ms);
        MUST(hy_cron_next(c, zone, from_ms + (run_ms - from_ms) / 2, &again_ms) == 0);
        MUST(again_ms == run_ms || run_ms - from_ms == 1);
        from_ms = run_ms;
    }
}

static void check_print(const struct hy_cron *cron)
{
    char text[HY_CRON_TEXT_BYTES], again[HY_CRON_TEXT_BYTES];
    struct hy_cron reread;

    MUST(hy_cron_parse(hy_cron_print(cron, text), &reread, NULL) == 0);
    MUST(hy_cron_equal(cron, &reread));
    MUST(strcmp(hy_cron_print(&reread, again), text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXT_MAX + 1];
    struct hy_cron_error error;
    struct hy_cron cron;
    int64_t from_ms;

    if (size < PREFIX_BYTES || size - PREFIX_BYTES > TEXT_MAX)
        return 0;
    memcpy(&from_ms, data + 1, sizeof from_ms);
    memcpy(text, data + PREFIX_BYTES, size - PREFIX_BYTES);
    text[size - PREFIX_BYTES] = '\0';
    if (hy_cron_parse(text, &cron, &error) < 0) {
        MUST(error.position <= strlen(text) && error.message[0] && error.rule[0]);
        return 0;
    }
    check_print(&cron);
    check_runs(&cron, zone_of(data[0]), from_ms);
    check_runs(&cron, zone_of(data[0]), from_ms % 4102444800000); /* 1840 to 2100 */
    return 0;
}
