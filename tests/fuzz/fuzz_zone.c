/*
 * fuzz_zone.c - any bytes as a zone file: refused, or a clock without holes that can be asked
 * anything.
 */
#include "base/err.h"
#include "domain/zone.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void ask(const struct hy_zone *zone, int64_t at_ms)
{
    struct hy_zone_span span;
    int64_t local_ms, midnight_ms;

    hy_zone_span(zone, at_ms, &span);
    MUST(span.start_ms <= at_ms && at_ms < span.end_ms);
    local_ms = at_ms + span.offset_ms;
    MUST(hy_zone_shown_ms(zone, at_ms) >= local_ms);
    MUST(hy_zone_when_ms(zone, local_ms, at_ms - 1) == at_ms);
    midnight_ms = hy_zone_next_midnight_ms(zone, at_ms);
    MUST(midnight_ms > at_ms);
    MUST(midnight_ms + hy_zone_offset_ms(zone, midnight_ms) > local_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t day_ms = 86400000;
    struct hy_zone *zone = NULL;
    int result = hy_zone_parse("Fuzz/Zone", data, size, &zone);

    MUST(result == 0 || result == HY_E_CORRUPT);
    if (result < 0)
        return 0;
    for (int64_t year = -1970; year < 8030; year += 97)
        ask(zone, year * 365 * day_ms + 12345);
    for (int64_t day = -20; day < 400; day += 7)
        ask(zone, 1700000000000 + day * day_ms);
    hy_zone_close(zone);
    return 0;
}
