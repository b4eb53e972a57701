/*
 * fuzz_settings.c - any bytes as an app's settings; whatever is taken is read back the same, and its
 * quiet hours keep their word.
 *
 * Input: one byte for the zone, eight for an instant, then the text. Settings within their limits only;
 * print and read give the same; a change of quiet hours is later than the instant, and it is quiet on
 * one side of it only.
 */
#include "domain/app.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 8192, PREFIX_BYTES = 9, CHAIN = 4 };

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static const char *const names[] = {"UTC",           "Asia/Shanghai",       "America/New_York",
                                    "Europe/Berlin", "Australia/Lord_Howe", "Asia/Beirut",
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

static bool read_settings(const json_t *root, struct hy_app_settings *settings)
{
    struct hy_violations faults;
    struct hy_arena arena;
    bool good;

    hy_arena_init(&arena);
    hy_violations_init(&faults, &arena);
    hy_json_read(root, hy_app_settings_fields, settings, &faults);
    good = !hy_violations_any(&faults);
    for (size_t i = 0; i < faults.count; i++)
        MUST(faults.items[i].message[0] && faults.items[i].rule[0]);
    hy_arena_deinit(&arena);
    return good;
}

static void check_limits(const struct hy_app_settings *s)
{
    MUST(s->cap_count >= 0 && s->cap_count <= HY_CAPS_MAX);
    for (int64_t i = 0; i < s->cap_count; i++) {
        MUST(s->caps[i].max >= 1 && s->caps[i].max <= 1000);
        MUST(s->caps[i].window_s >= 60 && s->caps[i].window_s <= HY_CAP_WINDOW_MAX_S);
        MUST(memchr(s->caps[i].template_id, 0, sizeof s->caps[i].template_id));
    }
    MUST(memchr(s->timezone, 0, sizeof s->timezone));
    MUST(s->max_in_flight >= 1 && s->max_in_flight <= 1000);
}

static void check_print(const struct hy_app_settings *s)
{
    HY_JSON_SCOPED json_t *printed = hy_app_settings_json(s);
    struct hy_app_settings again = hy_app_settings_default;
    json_t *reprinted;

    MUST(printed && read_settings(printed, &again));
    reprinted = hy_app_settings_json(&again);
    MUST(json_equal(printed, reprinted));
    json_decref(reprinted);
}

static void check_quiet(const struct hy_quiet *q, const struct hy_zone *zone, int64_t at_ms)
{
    for (int i = 0; i < CHAIN; i++) {
        bool quiet = hy_quiet_until(q, zone, at_ms) != 0;
        int64_t change_ms = hy_quiet_change(q, zone, at_ms), before_ms = change_ms - 1;

        if (change_ms == INT64_MAX) {
            MUST(q->from_min == q->until_min && !quiet);
            return;
        }
        MUST(change_ms > at_ms);
        MUST(!quiet || hy_quiet_until(q, zone, at_ms) == change_ms);
        MUST((hy_quiet_until(q, zone, before_ms) != 0) == quiet);
        MUST((hy_quiet_until(q, zone, at_ms + (before_ms - at_ms) / 2) != 0) == quiet);
        MUST((hy_quiet_until(q, zone, change_ms) != 0) != quiet);
        at_ms = change_ms;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hy_app_settings settings = hy_app_settings_default;
    int64_t at_ms;
    json_t *root;

    if (size < PREFIX_BYTES || size - PREFIX_BYTES > TEXT_MAX)
        return 0;
    memcpy(&at_ms, data + 1, sizeof at_ms);
    root = hy_json_parse((const char *)data + PREFIX_BYTES, size - PREFIX_BYTES, NULL, 0);
    if (root && read_settings(root, &settings)) {
        check_limits(&settings);
        check_print(&settings);
        check_quiet(&settings.quiet_hours, zone_of(data[0]), at_ms % 4102444800000);
    }
    json_decref(root);
    return 0;
}
