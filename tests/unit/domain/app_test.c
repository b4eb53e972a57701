#include "tap.h"

#include "domain/answer.h"
#include "domain/app.h"
#include "domain/key.h"
#include "domain/schedule.h"
#include "domain/verdict.h"

#include <stdlib.h>

static struct hy_arena arena;
static struct hy_violations faults;

/* Reads `text` over the defaults; the faults are in `faults`. */
static struct hy_app_settings read(const char *text)
{
    HY_JSON_SCOPED json_t *root = hy_json_parse(text, strlen(text), NULL, 0);
    struct hy_app_settings settings = hy_app_settings_default;

    hy_arena_deinit(&arena);
    hy_arena_init(&arena);
    hy_violations_init(&faults, &arena);
    CHECK(root != NULL);
    hy_json_read(root, hy_app_settings_fields, &settings, &faults);
    return settings;
}

static void check_same(const struct hy_app_settings *a, const struct hy_app_settings *b)
{
    CHECK_INT(a->token_mode, b->token_mode);
    CHECK_INT(a->legacy_intake, b->legacy_intake);
    CHECK_INT(a->rate_per_s, b->rate_per_s);
    CHECK_INT(a->max_in_flight, b->max_in_flight);
    CHECK_INT(a->receipt_margin_s, b->receipt_margin_s);
    CHECK_INT(a->suspect_retry_s, b->suspect_retry_s);
    CHECK_INT(a->unknown_settle_s, b->unknown_settle_s);
    CHECK_INT(a->accept_window_s, b->accept_window_s);
    CHECK_INT(a->callback_mode, b->callback_mode);
    CHECK_INT(a->callback_max_age_s, b->callback_max_age_s);
    CHECK_INT(a->client_rate_per_min, b->client_rate_per_min);
    CHECK_INT(a->session_ttl_s, b->session_ttl_s);
    CHECK_INT(a->quiet_hours.from_min, b->quiet_hours.from_min);
    CHECK_INT(a->quiet_hours.until_min, b->quiet_hours.until_min);
    CHECK_TEXT(a->timezone, b->timezone);
    CHECK_INT(a->cap_count, b->cap_count);
    for (int64_t i = 0; i < a->cap_count; i++) {
        CHECK_TEXT(a->caps[i].template_id, b->caps[i].template_id);
        CHECK_INT(a->caps[i].max, b->caps[i].max);
        CHECK_INT(a->caps[i].window_s, b->caps[i].window_s);
    }
}

static void check_round_trip(const struct hy_app_settings *settings)
{
    HY_JSON_SCOPED json_t *object = hy_app_settings_json(settings);
    char *text = json_dumps(object, JSON_COMPACT);
    struct hy_app_settings again = read(text);

    free(text);
    CHECK_INT(faults.count, 0);
    check_same(&again, settings);
}

static void defaults_are_the_documented_ones(void)
{
    struct hy_app_settings s = read("{}");

    CHECK_INT(faults.count, 0);
    CHECK_INT(s.token_mode, HY_TOKEN_STABLE);
    CHECK_INT(s.legacy_intake, 0);
    CHECK_INT(s.rate_per_s, 0);
    CHECK_INT(s.max_in_flight, 32);
    CHECK_INT(s.receipt_margin_s, 86400);
    CHECK_INT(s.suspect_retry_s, 21600);
    CHECK_INT(s.unknown_settle_s, 600);
    CHECK_INT(s.accept_window_s, 60);
    CHECK_INT(s.callback_mode, HY_CALLBACK_AUTO);
    CHECK_INT(s.callback_max_age_s, 0);
    CHECK_INT(s.client_rate_per_min, 600);
    CHECK_INT(s.session_ttl_s, 7200);
    CHECK_INT(s.quiet_hours.from_min, s.quiet_hours.until_min);
    CHECK_TEXT(s.timezone, "Asia/Shanghai");
    CHECK_INT(s.cap_count, 0);
}

static void what_is_written_reads_the_same(void)
{
    check_round_trip(&hy_app_settings_default);
    check_round_trip(&(struct hy_app_settings){HY_TOKEN_CLASSIC, true, 100000, 1000, 604799,
                                               2592000, 86400, 3600, HY_CALLBACK_SAFE, 604800,
                                               1000000, 86400, .timezone = "UTC"});
    check_round_trip(&(struct hy_app_settings){HY_TOKEN_STABLE, false, 0, 1, 0, 1, 1, 0,
                                               HY_CALLBACK_PLAIN, 0, 1, 60, .timezone = "UTC"});
    check_round_trip(
        &(struct hy_app_settings){.max_in_flight = 1,
                                  .suspect_retry_s = 1,
                                  .unknown_settle_s = 1,
                                  .client_rate_per_min = 1,
                                  .session_ttl_s = 60,
                                  .quiet_hours = {22 * 60, 8 * 60 + 5},
                                  .timezone = "America/Argentina/ComodRivadavia",
                                  .caps = {{"", 1, 60}, {"T1", 1000, HY_CAP_WINDOW_MAX_S}},
                                  .cap_count = 2});
}

static void caps_and_quiet_hours_can_be_taken_away(void)
{
    struct hy_app_settings s = read("{\"quiet_hours\":\"22:00-08:00\",\"timezone\":\"UTC\","
                                    "\"caps\":[{\"max\":3,\"window_s\":86400},"
                                    "{\"template\":\"T\",\"max\":1,\"window_s\":60}]}");
    HY_JSON_SCOPED json_t *none = json_pack("{s:s, s:[]}", "quiet_hours", "", "caps");

    CHECK_INT(faults.count, 0);
    CHECK_INT(s.cap_count, 2);
    CHECK_TEXT(s.caps[1].template_id, "T");
    hy_json_read(none, hy_app_settings_fields, &s, &faults);
    CHECK_INT(faults.count, 0);
    CHECK_INT(s.cap_count, 0);
    CHECK_INT(s.quiet_hours.from_min, s.quiet_hours.until_min);
    CHECK_TEXT(s.timezone, "UTC");
}

static void a_zone_must_exist_when_it_is_set(void)
{
    struct hy_app_settings s = read("{\"timezone\":\"Asia/Shanghia\"}");

    CHECK_INT(faults.count, 0); /* what is stored must stay readable */
    hy_app_settings_check(&s, &faults);
    CHECK_INT(faults.count, 1);
    CHECK_TEXT(faults.items[0].field, "timezone");
    CHECK(strstr(faults.items[0].message, "no time zone Asia/Shanghia") != NULL);
    s = read("{\"timezone\":\"Europe/Berlin\"}");
    hy_app_settings_check(&s, &faults);
    CHECK_INT(faults.count, 0);
}

/* A field that is read but not written would lose an operator's setting at the next start. */
static void every_field_is_written(void)
{
    HY_JSON_SCOPED json_t *object = hy_app_settings_json(&hy_app_settings_default);
    size_t count = 0;

    for (; hy_app_settings_fields[count].name; count++)
        CHECK(json_object_get(object, hy_app_settings_fields[count].name) != NULL);
    CHECK_INT(json_object_size(object), count);
}

static void what_is_not_given_stays(void)
{
    struct hy_app_settings s = read("{\"rate_per_s\":7,\"max_in_flight\":null}");

    CHECK_INT(faults.count, 0);
    CHECK_INT(s.rate_per_s, 7);
    CHECK_INT(s.max_in_flight, 32);
}

static const struct {
    const char *text, *field, *rule;
} wrong[] = {
    {"{\"token_mode\":\"Stable\"}", "token_mode", "one_of"},
    {"{\"token_mode\":0}", "token_mode", "type"},
    {"{\"legacy_intake\":1}", "legacy_intake", "type"},
    {"{\"rate_per_s\":-1}", "rate_per_s", "range"},
    {"{\"rate_per_s\":100001}", "rate_per_s", "range"},
    {"{\"rate_per_s\":1.5}", "rate_per_s", "type"},
    {"{\"max_in_flight\":0}", "max_in_flight", "range"},
    {"{\"max_in_flight\":1001}", "max_in_flight", "range"},
    {"{\"receipt_margin_s\":-1}", "receipt_margin_s", "range"},
    {"{\"receipt_margin_s\":604800}", "receipt_margin_s",
     "range"}, /* the whole life of a receipt */
    {"{\"suspect_retry_s\":0}", "suspect_retry_s", "range"},
    {"{\"suspect_retry_s\":2592001}", "suspect_retry_s", "range"},
    {"{\"unknown_settle_s\":0}", "unknown_settle_s", "range"},
    {"{\"unknown_settle_s\":86401}", "unknown_settle_s", "range"},
    {"{\"accept_window_s\":-1}", "accept_window_s", "range"},
    {"{\"accept_window_s\":3601}", "accept_window_s", "range"},
    {"{\"callback_mode\":\"Safe\"}", "callback_mode", "one_of"},
    {"{\"callback_max_age_s\":-1}", "callback_max_age_s", "range"},
    {"{\"callback_max_age_s\":604801}", "callback_max_age_s", "range"},
    {"{\"client_rate_per_min\":0}", "client_rate_per_min", "range"},
    {"{\"client_rate_per_min\":1000001}", "client_rate_per_min", "range"},
    {"{\"session_ttl_s\":59}", "session_ttl_s", "range"},
    {"{\"session_ttl_s\":86401}", "session_ttl_s", "range"},
    {"{\"quiet_hours\":\"22:00\"}", "quiet_hours", "quiet_hours"},
    {"{\"quiet_hours\":\"08:00-08:00\"}", "quiet_hours", "quiet_hours"},
    {"{\"quiet_hours\":22}", "quiet_hours", "type"},
    {"{\"timezone\":\"\"}", "timezone", "timezone"},
    {"{\"timezone\":8}", "timezone", "type"},
    {"{\"caps\":{}}", "caps", "type"},
    {"{\"caps\":[7]}", "caps.0", "type"},
    {"{\"caps\":[{\"max\":0,\"window_s\":60}]}", "caps.0.max", "range"},
    {"{\"caps\":[{\"max\":1001,\"window_s\":60}]}", "caps.0.max", "range"},
    {"{\"caps\":[{\"window_s\":60}]}", "caps.0.max", "required"},
    {"{\"caps\":[{\"max\":1,\"window_s\":60},{\"max\":1,\"window_s\":59}]}", "caps.1.window_s",
     "range"},
    {"{\"caps\":[{\"max\":1,\"window_s\":2592001}]}", "caps.0.window_s", "range"},
    {"{\"caps\":[{\"max\":1,\"window_s\":60,\"template\":\"\"}]}", "caps.0.template", "not_empty"},
    {"{\"caps\":[{\"max\":1,\"window_s\":60,\"per\":1}]}", "caps.0.per", "unknown_field"},
    {"{\"caps\":[1,2,3,4,5,6,7,8,9]}", "caps", "items"},
    {"{\"rate_per_sec\":1}", "rate_per_sec", "unknown_field"},
    {"{\"secret\":\"x\"}", "secret", "unknown_field"},
};

static void wrong_values_are_named(void)
{
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct hy_app_settings s = read(wrong[i].text);

        CHECK_INT(faults.count, 1);
        CHECK_TEXT(faults.items[0].field, wrong[i].field);
        CHECK_TEXT(faults.items[0].rule, wrong[i].rule);
        check_same(&s, &hy_app_settings_default);
    }
}

static void a_slip_is_told_the_right_name(void)
{
    read("{\"rate_per_sec\":1}");
    CHECK(strstr(faults.items[0].message, "did you mean rate_per_s?") != NULL);
}

static void the_limits_themselves_are_allowed(void)
{
    read("{\"rate_per_s\":100000,\"max_in_flight\":1000,\"receipt_margin_s\":604799}");
    CHECK_INT(faults.count, 0);
    read("{\"rate_per_s\":0,\"max_in_flight\":1,\"receipt_margin_s\":0}");
    CHECK_INT(faults.count, 0);
}

/* --- words whose numbers are stored ----------------------------------------------------------- */

static void check_words(const char *const *names, const char *const *expected)
{
    for (; *expected; names++, expected++)
        CHECK_TEXT(*names, *expected);
    CHECK(!*names);
}

static void numbers_keep_their_words(void)
{
    static const char *const modes[] = {"stable", "classic", NULL};
    static const char *const callbacks[] = {"auto", "plain", "compatible", "safe", NULL};
    static const char *const sources[] = {"backend", "page", "event", NULL};
    static const char *const answers[] = {"accept", "reject", "ban", "filter", "withdraw", NULL};
    static const char *const scopes[] = {"admin", "send", "read", "token", "client", NULL};
    static const char *const misfires[] = {"once", "skip", "all", NULL};
    static const char *const verdicts[] = {"ok",        "transient",   "token", "grant_gone",
                                           "user_gone", "bad_payload", "rate",  "account",
                                           "unknown",   NULL};
    static const char *const hints[] = {"",    "1s",       "next_minute", "1h",
                                        "24h", "next_day", "next_month",  NULL};

    check_words(hy_token_mode_names, modes);
    check_words(hy_callback_mode_names, callbacks);
    check_words(hy_source_names, sources);
    check_words(hy_answer_names, answers);
    check_words(hy_scope_names, scopes);
    check_words(hy_misfire_names, misfires);
    check_words(hy_verdict_names, verdicts);
    check_words(hy_hint_names, hints);
}

static void words_belong_to_their_numbers(void)
{
    CHECK_TEXT(hy_token_mode_names[HY_TOKEN_CLASSIC], "classic");
    CHECK_TEXT(hy_misfire_names[HY_MISFIRE_ONCE], "once");
    CHECK_TEXT(hy_misfire_names[HY_MISFIRE_SKIP], "skip");
    CHECK_TEXT(hy_misfire_names[HY_MISFIRE_ALL], "all");
    CHECK_TEXT(hy_verdict_names[HY_VERDICT_GRANT_GONE], "grant_gone");
    CHECK_TEXT(hy_verdict_names[HY_VERDICT_UNKNOWN], "unknown");
    CHECK(!hy_verdict_names[HY_VERDICTS]);
    CHECK_TEXT(hy_hint_names[HY_HINT_NONE], "");
    CHECK_TEXT(hy_hint_names[HY_HINT_NEXT_MONTH], "next_month");
    CHECK(!hy_hint_names[HY_HINTS]);
    CHECK_INT(HY_SCOPE_ADMIN, 1 << 0);
    CHECK_INT(HY_SCOPE_SEND, 1 << 1);
    CHECK_INT(HY_SCOPE_READ, 1 << 2);
    CHECK_INT(HY_SCOPE_TOKEN, 1 << 3);
    CHECK_INT(HY_SCOPE_CLIENT, 1 << 4);
}

int main(void)
{
    hy_arena_init(&arena);
    RUN(defaults_are_the_documented_ones);
    RUN(what_is_written_reads_the_same);
    RUN(caps_and_quiet_hours_can_be_taken_away);
    RUN(a_zone_must_exist_when_it_is_set);
    RUN(every_field_is_written);
    RUN(what_is_not_given_stays);
    RUN(wrong_values_are_named);
    RUN(a_slip_is_told_the_right_name);
    RUN(the_limits_themselves_are_allowed);
    RUN(numbers_keep_their_words);
    RUN(words_belong_to_their_numbers);
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
