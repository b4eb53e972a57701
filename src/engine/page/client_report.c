/*
 * client_report.c - what the pages of a mini program tell of their own user: form_ids, and what was
 * tapped when they asked. The user comes from the session, never from the report.
 */
#include "crypto/digest.h"
#include "engine/internal.h"

#include <stdio.h>
#include <string.h>

enum { REPORTS_MAX = 50, FORM_IDS_MAX = 50, SUBSCRIPTIONS_MAX = 20, TEXT_MAX = 512 };
enum { TEMPLATE_MAX = 128, ID_MAX = 64 };

/* Phones' clocks are often wrong. Within these bounds a report's own instant is what its repetition
 * is known by; a permission is never dated later than now. */
static const int64_t clock_ahead_ms = 86400000, clock_behind_ms = HY_IDENTITY_KEPT_MS;

struct page_report {
    const char *report_id;
    json_t *form_ids, *subscriptions;
    int64_t obtained_at_ms;
};

#define AT(field) offsetof(struct page_report, field)

static const struct hy_json_field fields[] = {
    {.name = "report_id",
     .type = HY_JSON_TEXT,
     .offset = AT(report_id),
     .required = true,
     .max = ID_MAX},
    {.name = "form_ids", .type = HY_JSON_ARRAY, .offset = AT(form_ids), .max = FORM_IDS_MAX},
    {.name = "subscriptions", .type = HY_JSON_OBJECT, .offset = AT(subscriptions)},
    {.name = "obtained_at", .type = HY_JSON_INSTANT, .offset = AT(obtained_at_ms)},
    {0}};

/* One report being read. */
struct reading {
    struct hy_engine *engine;
    const struct hy_app_entry *app;
    const char *user;
    struct hy_arena *arena;
    struct hy_report *report;
    size_t index;    /* of the report */
    int64_t now_ms;  /* of all */
    int64_t told_ms; /* what its repetition will have, too */
    int64_t at_ms;   /* when its form_ids were made */
    const char *report_id;
};

/* What wx.requestSubscribeMessage answers for a template. */
static const struct {
    const char *word;
    enum hy_answer_kind kind;
} answers[] = {
    {"accept", HY_ANSWER_ACCEPT},          {"acceptWithAlert", HY_ANSWER_ACCEPT},
    {"acceptWithAudio", HY_ANSWER_ACCEPT}, {"acceptWithForcePush", HY_ANSWER_ACCEPT},
    {"reject", HY_ANSWER_REJECT},          {"ban", HY_ANSWER_BAN},
    {"filter", HY_ANSWER_FILTER},
};

static bool find_answer(const char *word, enum hy_answer_kind *ret_kind)
{
    for (size_t i = 0; word && i < sizeof answers / sizeof answers[0]; i++) {
        if (strcmp(answers[i].word, word) == 0) {
            *ret_kind = answers[i].kind;
            return true;
        }
    }
    return false;
}

enum hy_grant_kind hy_engine_counter_kind(struct hy_engine *engine, int64_t app_no,
                                          const char *template_id)
{
    enum hy_template_kind kind = hy_engine_template_kind(engine, app_no, template_id, NULL);

    return kind == HY_TEMPLATE_ALWAYS ? HY_GRANT_ALWAYS : HY_GRANT_ONCE;
}

static void refuse(const struct reading *r, const char *credential, const char *template_id,
                   const char *reason, const char *message)
{
    struct hy_report *report = r->report;

    report->refused[report->refused_count++] = (struct hy_refusal){.index = r->index,
                                                                   .reason = reason,
                                                                   .message = message,
                                                                   .credential = credential,
                                                                   .template_id = template_id};
}

/* --- receipts --------------------------------------------------------------------------------- */

static int add_receipt(const struct reading *r, const char *text)
{
    struct hy_deposit_item *item = &r->report->deposit.items[r->report->deposit.count];
    const char *credential = hy_arena_strdup(r->arena, text), *clean = NULL, *reason;

    if (!credential)
        return HY_E_NOMEM;
    reason =
        strlen(credential) > TEXT_MAX
            ? "malformed"
            : r->app->platform->check_credential(HY_GRANT_FORM_ID, credential, r->arena, &clean);
    *item = (struct hy_deposit_item){
        .grant = {.app_no = r->app->app.no,
                  .user = r->user,
                  .kind = HY_GRANT_FORM_ID,
                  .credential = clean,
                  .state = HY_GRANT_AVAILABLE,
                  .uses_total = hy_grant_uses(HY_GRANT_FORM_ID),
                  .uses_left = hy_grant_uses(HY_GRANT_FORM_ID),
                  .obtained_at_ms = r->at_ms,
                  .expires_at_ms = r->at_ms + hy_grant_lifetime_ms(HY_GRANT_FORM_ID)},
        .margin_ms = r->app->settings.receipt_margin_s * 1000};
    if (!reason && !hy_grant_usable(&item->grant, r->now_ms, 0))
        reason = "expired";
    if (reason)
        refuse(r, credential, NULL, reason, hy_refusal_text(reason));
    else
        r->report->deposit.count++;
    return 0;
}

/* --- answers to prompts ----------------------------------------------------------------------- */

/* The lengths keep texts apart that would run into each other. */
static int print_identity(const struct reading *r, const char *template_id, uint8_t *ret_print)
{
    const char *text =
        hy_arena_printf(r->arena, "page %lld %zu:%s %zu:%s %s", (long long)r->app->app.no,
                        strlen(r->user), r->user, strlen(r->report_id), r->report_id, template_id);

    if (text)
        hy_digest_blake2b16(text, strlen(text), ret_print);
    return text ? 0 : HY_E_NOMEM;
}

static int add_counter(const struct reading *r, const char *template_id, enum hy_answer_kind answer)
{
    struct hy_deposit_item *item = &r->report->deposit.items[r->report->deposit.count++];
    uint8_t *print = hy_arena_alloc(r->arena, HY_IDENTITY_BYTES);

    *item = (struct hy_deposit_item){
        .grant = {.app_no = r->app->app.no,
                  .user = r->user,
                  .kind = hy_engine_counter_kind(r->engine, r->app->app.no, template_id),
                  .template_id = template_id,
                  .state = HY_GRANT_AVAILABLE,
                  .uses_total = 1,
                  .uses_left = 1,
                  .obtained_at_ms = r->told_ms < r->now_ms ? r->told_ms : r->now_ms},
        .source = HY_SOURCE_PAGE,
        .answer = answer,
        .identity = print,
        .identity_at_ms = r->told_ms,
        .identity_back_ms = r->told_ms == r->now_ms ? HY_IDENTITY_BACK_MS : 0,
        .window_ms = r->app->settings.accept_window_s * 1000,
        .margin_ms = r->app->settings.receipt_margin_s * 1000};
    return print ? print_identity(r, template_id, print) : HY_E_NOMEM;
}

static int add_answer(const struct reading *r, const char *key, const json_t *value)
{
    const char *template_id = hy_arena_strdup(r->arena, key);
    enum hy_answer_kind answer;

    if (!template_id)
        return HY_E_NOMEM;
    if (!*template_id || strlen(template_id) > TEMPLATE_MAX)
        refuse(r, NULL, template_id, "malformed", "A template's id has 1 to 128 bytes.");
    else if (!find_answer(json_string_value(value), &answer))
        refuse(r, NULL, template_id, "unknown_answer",
               "It must be what wx.requestSubscribeMessage answered: accept, reject, ban, filter, "
               "or one of the acceptWith... words.");
    else if (hy_engine_template_kind(r->engine, r->app->app.no, template_id, NULL) ==
             HY_TEMPLATE_LEGACY)
        refuse(r, NULL, template_id, "legacy_template", hy_refusal_text("legacy_template"));
    else
        return add_counter(r, template_id, answer);
    return 0;
}

/* --- one report ------------------------------------------------------------------------------- */

static void check_sizes(const struct page_report *page, struct hy_violations *v)
{
    size_t count = json_object_size(page->subscriptions), i;
    char actual[24];
    json_t *item;

    snprintf(actual, sizeof actual, "%zu", count);
    if (count > SUBSCRIPTIONS_MAX)
        hy_violations_add(v, "subscriptions", "items", "20", actual,
                          "subscriptions may have at most 20 templates; it has %zu.", count);
    json_array_foreach(page->form_ids, i, item)
    {
        if (!json_is_string(item)) {
            hy_violations_add(v, "form_ids", "type", "string", NULL,
                              "form_ids must be an array of texts; item %zu is none.", i);
            return;
        }
    }
}

/* The items a report may become: room for them is made ahead. */
static size_t size_of(const json_t *body)
{
    size_t forms = json_array_size(json_object_get(body, "form_ids"));
    size_t prompts = json_object_size(json_object_get(body, "subscriptions"));

    return (forms < FORM_IDS_MAX ? forms : FORM_IDS_MAX) +
           (prompts < SUBSCRIPTIONS_MAX ? prompts : SUBSCRIPTIONS_MAX) + 1;
}

static void date(struct reading *r, int64_t obtained_at_ms)
{
    bool plausible =
        obtained_at_ms > r->now_ms - clock_behind_ms && obtained_at_ms < r->now_ms + clock_ahead_ms;

    r->told_ms = plausible ? obtained_at_ms : r->now_ms;
    r->at_ms = obtained_at_ms && obtained_at_ms < r->now_ms ? obtained_at_ms : r->now_ms;
}

static int read_page(struct reading *r, const json_t *body, struct hy_violations *v)
{
    struct page_report page = {0};
    const char *key;
    json_t *value;
    int err = 0;
    size_t i;

    hy_json_read(body, fields, &page, v);
    check_sizes(&page, v);
    if (hy_violations_any(v))
        return HY_E_INVALID;
    r->report_id = page.report_id;
    date(r, page.obtained_at_ms);
    json_array_foreach(page.form_ids, i, value)
    {
        err = err ? err : add_receipt(r, json_string_value(value));
    }
    json_object_foreach(page.subscriptions, key, value)
    {
        err = err ? err : add_answer(r, key, value);
    }
    return err;
}

/* In an array each report stands for itself. */
static int read_one_of(struct reading *r, const json_t *body)
{
    struct hy_violations own;
    int err;

    hy_violations_init(&own, r->arena);
    err = read_page(r, body, &own);
    if (err != HY_E_INVALID)
        return err;
    refuse(r, NULL, NULL, "invalid", own.count ? own.items[0].message : "out of memory");
    return 0;
}

/* --- all of them ------------------------------------------------------------------------------ */

static int make_room(const json_t *body, struct hy_arena *arena, struct hy_report *report)
{
    size_t count = json_is_array(body) ? 0 : size_of(body), i;
    json_t *item;

    json_array_foreach(body, i, item)
    {
        count += size_of(item);
    }
    report->deposit.items = hy_arena_array(arena, count, sizeof *report->deposit.items);
    report->refused = hy_arena_array(arena, count, sizeof *report->refused);
    return report->deposit.items && report->refused ? 0 : HY_E_NOMEM;
}

static bool count_ok(const json_t *body, struct hy_violations *v)
{
    size_t count = json_array_size(body);
    char actual[24];

    snprintf(actual, sizeof actual, "%zu", count);
    if (!json_is_array(body) || (count >= 1 && count <= REPORTS_MAX))
        return true;
    hy_violations_add(v, "", "items", "1..50", actual,
                      "The array must have 1 to 50 reports; it has %zu.", count);
    return false;
}

int hy_engine_client_report(struct hy_engine *engine, const struct hy_app_entry *app,
                            const char *user, const json_t *body, struct hy_violations *v,
                            struct hy_report *report)
{
    struct reading r = {.engine = engine,
                        .app = app,
                        .user = user,
                        .arena = v->arena,
                        .report = report,
                        .now_ms = engine->config.now_ms()};
    bool single = !json_is_array(body);
    int err = count_ok(body, v) ? 0 : HY_E_INVALID;

    report->engine = engine;
    report->accepted = report->duplicates = report->refused_count = 0;
    report->deposit = (struct hy_deposit){.op.verb = HY_VERB_DEPOSIT, .now_ms = r.now_ms};
    if (!err)
        err = make_room(body, v->arena, report);
    if (!err && single)
        err = read_page(&r, body, v);
    for (; !err && !single && r.index < json_array_size(body); r.index++)
        err = read_one_of(&r, json_array_get(body, r.index));
    if (err)
        return err;
    if (report->deposit.count == 0)
        report->done(report, report->arg); /* nothing to store */
    else
        hy_engine_verb(engine, &report->deposit.op, hy_report_deposited, report);
    return 0;
}
