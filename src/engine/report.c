/*
 * report.c - grants on their way in: each checked by its platform, the good ones deposited.
 */
#include "crypto/digest.h"
#include "engine/internal.h"

#include <stdio.h>
#include <string.h>

static const int64_t clock_skew_ms = 300000; /* a reporter's clock may be ahead by so much */

/* POST /v1/grants, one object. */
struct grant_body {
    const char *app, *user, *credential, *template_id, *report_id;
    int kind;
    int64_t count, obtained_at_ms;
};

#define AT(field) offsetof(struct grant_body, field)

static const struct hy_json_field fields[] = {
    {.name = "app", .type = HY_JSON_TEXT, .offset = AT(app), .required = true, .max = 64},
    {.name = "user", .type = HY_JSON_TEXT, .offset = AT(user), .required = true, .max = 128},
    {.name = "kind",
     .type = HY_JSON_ENUM,
     .offset = AT(kind),
     .required = true,
     .choices = hy_grant_kind_names},
    {.name = "credential", .type = HY_JSON_TEXT, .offset = AT(credential), .max = 512},
    {.name = "template", .type = HY_JSON_TEXT, .offset = AT(template_id), .max = 128},
    {.name = "count", .type = HY_JSON_INT, .offset = AT(count), .min = 1, .max = 1000},
    {.name = "obtained_at", .type = HY_JSON_INSTANT, .offset = AT(obtained_at_ms)},
    {.name = "report_id", .type = HY_JSON_TEXT, .offset = AT(report_id), .max = 64},
    {0}};

static void not_for_kind(const struct grant_body *b, const char *field, const char *why,
                         struct hy_violations *v)
{
    hy_violations_add(v, field, "not_for_kind", NULL, NULL, "A %s %s: leave %s out.",
                      hy_grant_kind_names[b->kind], why, field);
}

static void required(const struct grant_body *b, const char *field, const char *value,
                     struct hy_violations *v)
{
    if (!value)
        hy_violations_add(v, field, "required", NULL, NULL, "%s is required for kind %s.", field,
                          hy_grant_kind_names[b->kind]);
}

static void check_receipt(const struct grant_body *b, struct hy_violations *v)
{
    required(b, "credential", b->credential, v);
    if (b->template_id)
        not_for_kind(b, "template", "is good for any template", v);
    if (b->count > 1)
        not_for_kind(b, "count", "is counted by its credential", v);
    if (b->report_id)
        not_for_kind(b, "report_id", "is known again by its credential", v);
}

static void check_counter(const struct grant_body *b, struct hy_violations *v)
{
    required(b, "template", b->template_id, v);
    if (b->credential)
        not_for_kind(b, "credential", "has none", v);
    if (b->count > 1 && b->kind == HY_GRANT_ALWAYS)
        not_for_kind(b, "count", "permission is standing", v);
}

/* --- what it becomes -------------------------------------------------------------------------- */

static void fill_receipt(const struct hy_app_entry *app, const struct grant_body *b, int64_t now_ms,
                         struct hy_violations *v, struct hy_deposit_item *item,
                         const char **ret_refused)
{
    struct hy_grant *grant = &item->grant;

    *ret_refused =
        app->platform->check_credential(b->kind, b->credential, v->arena, &grant->credential);
    grant->uses_total = grant->uses_left = hy_grant_uses(b->kind);
    grant->expires_at_ms = grant->obtained_at_ms + hy_grant_lifetime_ms(b->kind);
    /* Without the margin: that is a setting, and what it holds back today it may free tomorrow. */
    if (!*ret_refused && !hy_grant_usable(grant, now_ms, 0))
        *ret_refused = "expired";
}

/* What a tell of the backend is known again by: its report_id, else the instant that it names. That
 * of an instant too long ago is known from now on, or it would be forgotten first. False: out of
 * memory. */
static bool identify(const struct grant_body *b, int64_t now_ms, struct hy_violations *v,
                     struct hy_deposit_item *item)
{
    bool dated = b->obtained_at_ms && b->obtained_at_ms > now_ms - HY_IDENTITY_KEPT_MS;
    const char *what = b->report_id;
    uint8_t *print = hy_arena_alloc(v->arena, HY_IDENTITY_BYTES);
    char *text;

    if (!what && !b->obtained_at_ms)
        return true;
    if (!what)
        what = hy_arena_printf(v->arena, "%lld", (long long)b->obtained_at_ms);
    text = what ? hy_arena_printf(v->arena, "backend %lld %c %zu:%s %zu:%s %s",
                                  (long long)item->grant.app_no, b->report_id ? 'r' : 't',
                                  strlen(b->user), b->user, strlen(b->template_id), b->template_id,
                                  what)
                : NULL;
    if (!text || !print)
        return false;
    hy_digest_blake2b16(text, strlen(text), print);
    item->identity = print;
    item->identity_at_ms = dated ? b->obtained_at_ms : now_ms;
    item->identity_back_ms = dated ? 0 : HY_IDENTITY_BACK_MS;
    return true;
}

/* The platform knows better than a caller whether a permission is used up or stands. */
static void fill_counter(struct hy_engine *engine, const struct hy_app_entry *app,
                         const struct grant_body *b, int64_t now_ms, struct hy_violations *v,
                         struct hy_deposit_item *item, const char **ret_refused)
{
    struct hy_grant *grant = &item->grant;
    enum hy_template_kind known =
        hy_engine_template_kind(engine, app->app.no, b->template_id, NULL);

    if (known == HY_TEMPLATE_LEGACY) {
        *ret_refused = "legacy_template";
        return;
    }
    if (known == HY_TEMPLATE_ONCE)
        grant->kind = HY_GRANT_ONCE;
    else if (known == HY_TEMPLATE_ALWAYS)
        grant->kind = HY_GRANT_ALWAYS;
    grant->template_id = b->template_id;
    grant->uses_total = grant->uses_left = grant->kind == HY_GRANT_ONCE ? (int32_t)b->count : 1;
    item->source = HY_SOURCE_BACKEND;
    item->answer = HY_ANSWER_ACCEPT;
    item->window_ms = app->settings.accept_window_s * 1000;
    if (!identify(b, now_ms, v, item))
        hy_violations_add(v, "", "memory", NULL, NULL, "The server is out of memory.");
}

/* Fills `item` or adds faults; `*ret_refused` is the platform's word when it is well-formed but no
 * good. */
static void fill_item(struct hy_engine *engine, const struct hy_app_entry *app,
                      const struct grant_body *b, struct hy_violations *v,
                      struct hy_deposit_item *item, const char **ret_refused)
{
    int64_t now_ms = engine->config.now_ms();
    bool dated = b->obtained_at_ms && b->obtained_at_ms <= now_ms;

    app->platform->check_user(b->user, "user", v);
    if (b->obtained_at_ms > now_ms + clock_skew_ms)
        hy_violations_add(v, "obtained_at", "past", NULL, NULL, "obtained_at is in the future.");
    if (hy_violations_any(v))
        return;
    item->margin_ms = app->settings.receipt_margin_s * 1000;
    item->grant = (struct hy_grant){.app_no = app->app.no,
                                    .user = b->user,
                                    .kind = b->kind,
                                    .state = HY_GRANT_AVAILABLE,
                                    .obtained_at_ms = dated ? b->obtained_at_ms : now_ms};
    if (hy_grant_is_receipt(b->kind))
        fill_receipt(app, b, now_ms, v, item, ret_refused);
    else
        fill_counter(engine, app, b, now_ms, v, item, ret_refused);
}

static void read_grant(struct hy_engine *engine, const json_t *body, struct hy_violations *v,
                       struct hy_deposit_item *item, const char **ret_refused)
{
    HY_APP_SCOPED const struct hy_app_entry *app = NULL;
    struct grant_body b = {.count = 1};

    hy_json_read(body, fields, &b, v);
    if (hy_violations_any(v))
        return;
    if (hy_grant_is_receipt(b.kind))
        check_receipt(&b, v);
    else
        check_counter(&b, v);
    app = hy_engine_app(engine, b.app);
    if (app)
        fill_item(engine, app, &b, v, item, ret_refused);
    else
        hy_violations_add(v, "app", "known_app", NULL, b.app, "There is no app %s.", b.app);
}

/* --- what is no good -------------------------------------------------------------------------- */

const char *hy_refusal_text(const char *reason)
{
    static const struct {
        const char *reason, *text;
    } known[] = {
        {"mock_form_id", "The developer tool makes this up; a form_id comes from a real phone."},
        {"unavailable_in_trial", "Develop and trial versions of a mini program get no form_id."},
        {"request_failed", "WeChat's client did not get a form_id for this submit."},
        {"empty", "There is no id in it."},
        {"malformed", "This cannot be a form_id or prepay_id."},
        {"expired", "It is older than the platform takes it: 7 days."},
        {"legacy_template", "This is a form template: form_ids and payments permit it, no prompt."},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].reason, reason) == 0)
            return known[i].text;
    }
    return "It cannot be used.";
}

static void refuse(struct hy_report *report, size_t index, const char *reason, const char *message)
{
    report->refused[report->refused_count++] =
        (struct hy_refusal){.index = index, .reason = reason, .message = message};
}

/* One object: its faults are the caller's to show. In an array each item stands for itself. */
static int read_item(struct hy_engine *engine, const json_t *body, size_t index,
                     struct hy_violations *v, bool single, struct hy_report *report)
{
    struct hy_deposit_item *item = &report->deposit.items[report->deposit.count];
    struct hy_violations own;
    const char *refused = NULL;

    hy_violations_init(&own, v->arena);
    *item = (struct hy_deposit_item){0};
    read_grant(engine, body, single ? v : &own, item, &refused);
    if (single && hy_violations_any(v))
        return HY_E_INVALID;
    if (hy_violations_any(&own))
        refuse(report, index, "invalid", own.count ? own.items[0].message : "out of memory");
    else if (refused)
        refuse(report, index, refused, hy_refusal_text(refused));
    else
        report->deposit.count++;
    return 0;
}

/* Only permissions count: a reject that was noted is neither accepted nor a duplicate, and neither is
 * an accept from before the user turned the template off. */
static void count_item(struct hy_report *report, const struct hy_deposit_item *item)
{
    if (item->answer != HY_ANSWER_ACCEPT)
        return;
    report->duplicates += item->duplicate;
    report->accepted += !item->duplicate && item->added > 0;
}

void hy_report_deposited(struct hy_op *op, void *arg)
{
    struct hy_report *report = arg;

    for (size_t i = 0; op->result == 0 && i < report->deposit.count; i++)
        count_item(report, &report->deposit.items[i]);
    if (op->result == 0 && report->deposit.woken)
        hy_lane_notice(report->engine, 0, 0);
    report->done(report, report->arg);
}

int hy_engine_report(struct hy_engine *engine, const json_t *body, struct hy_violations *v,
                     struct hy_report *report)
{
    bool single = !json_is_array(body);
    size_t count = single ? 1 : json_array_size(body);
    struct hy_arena *arena = v->arena;

    report->engine = engine;
    report->accepted = report->duplicates = report->refused_count = 0;
    report->deposit =
        (struct hy_deposit){.op.verb = HY_VERB_DEPOSIT, .now_ms = engine->config.now_ms()};
    report->deposit.items = hy_arena_array(arena, count + 1, sizeof *report->deposit.items);
    report->refused = hy_arena_array(arena, count + 1, sizeof *report->refused);
    if (!report->deposit.items || !report->refused)
        return HY_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        int err = read_item(engine, single ? body : json_array_get(body, i), i, v, single, report);

        if (err)
            return err;
    }
    if (report->deposit.count == 0)
        report->done(report, report->arg); /* all refused: nothing to store */
    else
        hy_engine_verb(engine, &report->deposit.op, hy_report_deposited, report);
    return 0;
}
