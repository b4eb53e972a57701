#include "domain/quiet.h"

#include "base/err.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MINUTE_MS = 60000, DAY_MIN = 1440, DAY_MS = DAY_MIN * MINUTE_MS };

/* "22:00" as minutes; -1 for anything else. */
static int minutes_of(const char *text)
{
    static const char shape[] = "00:00";
    int hour, minute;

    for (size_t i = 0; shape[i]; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';

        if (shape[i] == '0' ? !digit : text[i] != shape[i])
            return -1;
    }
    hour = (text[0] - '0') * 10 + text[1] - '0';
    minute = (text[3] - '0') * 10 + text[4] - '0';
    return hour < 24 && minute < 60 ? hour * 60 + minute : -1;
}

int hy_quiet_parse(const char *text, struct hy_quiet *ret_quiet)
{
    struct hy_quiet quiet = {0};

    if (*text) {
        if (strlen(text) != sizeof "00:00-00:00" - 1 || text[5] != '-')
            return HY_E_INVALID;
        quiet.from_min = minutes_of(text);
        quiet.until_min = minutes_of(text + 6);
        if (quiet.from_min < 0 || quiet.until_min < 0 || quiet.from_min == quiet.until_min)
            return HY_E_INVALID;
    }
    *ret_quiet = quiet;
    return 0;
}

const char *hy_quiet_print(const struct hy_quiet *quiet, char into[HY_QUIET_TEXT_BYTES])
{
    unsigned from = (unsigned)quiet->from_min % DAY_MIN,
             until = (unsigned)quiet->until_min % DAY_MIN;

    into[0] = 0;
    if (from != until)
        snprintf(into, HY_QUIET_TEXT_BYTES, "%02u:%02u-%02u:%02u", from / 60, from % 60, until / 60,
                 until % 60);
    return into;
}

/* --- what the clocks show --------------------------------------------------------------------- */

static int64_t time_of_day(int64_t local_ms)
{
    int64_t ms = local_ms % DAY_MS;

    return ms < 0 ? ms + DAY_MS : ms;
}

static bool shows_quiet(const struct hy_quiet *q, int64_t local_ms)
{
    int64_t at = time_of_day(local_ms);
    int64_t from = (int64_t)q->from_min * MINUTE_MS, until = (int64_t)q->until_min * MINUTE_MS;

    return from <= until ? at >= from && at < until : at >= from || at < until;
}

/* Until the clock next shows that minute of the day: 1 ms to a day. */
static int64_t until_minute(int64_t local_ms, int minute)
{
    int64_t left = (int64_t)minute * MINUTE_MS - time_of_day(local_ms);

    return left > 0 ? left : left + DAY_MS;
}

/*
 * The next change lies where the clock shows the range's other end, or where the clock itself is
 * changed: there it may jump over that end (spring) or back behind it (autumn). So span after span
 * of one offset is looked at; a day without either does not exist, so these are few.
 */
int64_t hy_quiet_change(const struct hy_quiet *quiet, const struct hy_zone *zone, int64_t now_ms)
{
    int64_t at = now_ms;
    struct hy_zone_span span;
    bool quiet_now;

    if (quiet->from_min == quiet->until_min)
        return INT64_MAX;
    hy_zone_span(zone, now_ms, &span);
    quiet_now = shows_quiet(quiet, now_ms + span.offset_ms);
    for (;;) {
        int64_t change =
            at + until_minute(at + span.offset_ms, quiet_now ? quiet->until_min : quiet->from_min);

        if (change < span.end_ms || span.end_ms == INT64_MAX)
            return change;
        at = span.end_ms;
        hy_zone_span(zone, at, &span);
        if (shows_quiet(quiet, at + span.offset_ms) != quiet_now)
            return at;
    }
}

int64_t hy_quiet_until(const struct hy_quiet *quiet, const struct hy_zone *zone, int64_t now_ms)
{
    if (quiet->from_min == quiet->until_min ||
        !shows_quiet(quiet, now_ms + hy_zone_offset_ms(zone, now_ms)))
        return 0;
    return hy_quiet_change(quiet, zone, now_ms);
}
