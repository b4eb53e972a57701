/* Who did what: written with the change itself, or not at all. */
#include "store_bulk.h"
#include "store_cases.h"

static struct hy_audit by_somebody(const char *action)
{
    return (struct hy_audit){.at_ms = rig.now_ms,
                             .key_id = 7,
                             .who = "deploy",
                             .address = "192.0.2.1",
                             .action = action,
                             .subject = "wx1",
                             .detail = "{\"a\":1}"};
}

static struct hy_audit_list *audits(const char *action, const char *subject)
{
    struct hy_audit_list *v = (struct hy_audit_list *)hy_arena_alloc(&rig.arena, sizeof *v);

    *v = (struct hy_audit_list){
        .action = action, .subject = subject, .limit = 100, .arena = &rig.arena};
    CHECK_INT(run(&v->op, HY_VERB_AUDITS), 0);
    return v;
}

static int put_meta(const struct hy_audit *audit)
{
    struct hy_meta_put v = {.op.audit = audit, .name = "n", .value = "v"};

    return run(&v.op, HY_VERB_META_PUT);
}

static void a_line_is_kept_whole(void)
{
    struct hy_audit line = by_somebody("app.change");
    const struct hy_audit *a;

    CHECK_INT(put_meta(&line), 0);
    CHECK_INT(audits(NULL, NULL)->count, 1);
    a = &audits(NULL, NULL)->audits[0];
    CHECK(a->id > 0);
    CHECK_INT(a->at_ms, rig.now_ms);
    CHECK_INT(a->key_id, 7);
    CHECK_TEXT(a->who, "deploy");
    CHECK_TEXT(a->address, "192.0.2.1");
    CHECK_TEXT(a->action, "app.change");
    CHECK_TEXT(a->subject, "wx1");
    CHECK_TEXT(a->detail, "{\"a\":1}");
    CHECK(a->made_id == NULL);
    line.subject = line.detail = NULL;
    CHECK_INT(put_meta(&line), 0);
    a = &audits(NULL, NULL)->audits[0];
    CHECK(a->subject == NULL && a->detail == NULL);
}

static void what_fails_leaves_no_line(void)
{
    struct hy_audit line = by_somebody("message.retry");
    struct hy_retry not_found = {.op.audit = &line, .message_id = 4711};
    struct hy_retry conflict = {.op.audit = &line};
    struct hy_token_begin positive = {
        .op.audit = &line, .app_no = rig.app, .version = 5, .arena = &rig.arena};

    conflict.message_id = post_with("u", HY_ON_MISSING_TRY)->id;
    CHECK_INT(run(&not_found.op, HY_VERB_RETRY), HY_E_NOT_FOUND);
    CHECK_INT(run(&conflict.op, HY_VERB_RETRY), HY_E_CONFLICT);
    CHECK_INT(run(&positive.op, HY_VERB_TOKEN_BEGIN), HY_TOKEN_MOVED);
    CHECK_INT(audits(NULL, NULL)->count, 0);
}

static void the_number_that_the_verb_gives_is_the_subject(void)
{
    struct hy_audit line = by_somebody("webhook.create");
    struct hy_webhook_put v = webhook_to(EVERYTHING);

    v.op.audit = &line;
    line.subject = NULL;
    line.made_id = &v.webhook.id;
    line.letter = 'w';
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), 0);
    CHECK_TEXT(audits(NULL, NULL)->audits[0].subject,
               hy_arena_printf(&rig.arena, "w%lld", (long long)v.webhook.id));
}

/* A request that is repeated, or was another one's, made nothing. */
static void a_repeated_broadcast_leaves_one_line(void)
{
    struct hy_admit_item prints = keyed(NULL, "k", "b"), other = keyed(NULL, "k", "B");
    struct hy_broadcast_put v = {.make = *campaign()};
    struct hy_audit line = by_somebody("broadcast.create");

    line.made_id = &v.make.broadcast.id;
    line.letter = 'b';
    v.op.audit = &line;
    v.make.key = prints.key;
    v.make.body = prints.body;
    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_PUT), 0);
    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_PUT), 0);
    CHECK_INT(v.make.admission, HY_ADMITTED_BEFORE);
    v.make.body = other.body;
    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_PUT), 0);
    CHECK_INT(v.make.admission, HY_ADMIT_CONFLICT);
    CHECK_INT(audits(NULL, NULL)->count, 1);
}

static void a_dry_run_leaves_no_line(void)
{
    struct hy_audit line = by_somebody("dead_letter.retry");
    struct hy_dead_retry v = {
        .op.audit = &line, .filter = {.state = -1}, .dry = true, .now_ms = rig.now_ms, .limit = 10};

    post("u");
    CHECK_INT(run(&v.op, HY_VERB_DEAD_RETRY), 0);
    CHECK_INT(v.matched, 1);
    CHECK_INT(audits(NULL, NULL)->count, 0);
    v.dry = false;
    CHECK_INT(run(&v.op, HY_VERB_DEAD_RETRY), 0);
    CHECK_INT(audits(NULL, NULL)->count, 1);
}

static void who_only_reads_changes_nothing(void)
{
    struct hy_audit line = by_somebody("app.show");
    struct hy_apps v = {.op.audit = &line, .arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_APPS), HY_E_INVALID);
}

static void a_line_says_who_and_what(void)
{
    struct hy_meta_get v = {.name = "n", .arena = &rig.arena};
    struct hy_audit line = by_somebody("app.change");

    line.who = NULL;
    CHECK_INT(put_meta(&line), HY_E_INVALID);
    line = by_somebody("");
    CHECK_INT(put_meta(&line), HY_E_INVALID);
    line = by_somebody("app.change");
    line.at_ms = 0;
    CHECK_INT(put_meta(&line), HY_E_INVALID);
    CHECK_INT(run(&v.op, HY_VERB_META_GET), HY_E_NOT_FOUND);
    CHECK_INT(audits(NULL, NULL)->count, 0);
}

static void the_newest_comes_first_in_pages(void)
{
    struct hy_audit_list v = {.limit = 3, .arena = &rig.arena};
    int64_t last = INT64_MAX;
    size_t count = 0;

    for (int i = 0; i < 7; i++) {
        struct hy_audit line = by_somebody("app.change");

        CHECK_INT(put_meta(&line), 0);
    }
    do {
        CHECK_INT(run(&v.op, HY_VERB_AUDITS), 0);
        for (size_t i = 0; i < v.count; i++, count++) {
            CHECK(v.audits[i].id < last);
            last = v.audits[i].id;
        }
        v.before_id = last;
    } while (v.more);
    CHECK_INT(count, 7);
    v.limit = 1001;
    CHECK_INT(run(&v.op, HY_VERB_AUDITS), HY_E_INVALID);
}

static void filters_choose(void)
{
    struct hy_audit line = by_somebody("app.change");

    CHECK_INT(put_meta(&line), 0);
    line.action = "app.delete";
    line.subject = "wx2";
    CHECK_INT(put_meta(&line), 0);
    line.action = "key.create";
    line.subject = NULL;
    CHECK_INT(put_meta(&line), 0);
    CHECK_INT(audits("app.", NULL)->count, 2);
    CHECK_INT(audits("app.delete", NULL)->count, 1);
    CHECK_INT(audits("pp", NULL)->count, 0);
    CHECK_INT(audits(NULL, "wx2")->count, 1);
    CHECK_INT(audits(NULL, "wx")->count, 0);
    CHECK_INT(audits("app.", "wx1")->count, 1);
}

static void old_lines_go(void)
{
    struct hy_audit line = by_somebody("app.change");

    CHECK_INT(put_meta(&line), 0);
    CHECK_INT(retain(HY_RETAIN_AUDIT, rig.now_ms), 0);
    CHECK_INT(retain(HY_RETAIN_AUDIT, rig.now_ms + 1), 1);
    CHECK_INT(audits(NULL, NULL)->count, 0);
}

void store_audit_cases(void)
{
    CASE(a_line_is_kept_whole);
    CASE(what_fails_leaves_no_line);
    CASE(the_number_that_the_verb_gives_is_the_subject);
    CASE(a_repeated_broadcast_leaves_one_line);
    CASE(a_dry_run_leaves_no_line);
    CASE(who_only_reads_changes_nothing);
    CASE(a_line_says_who_and_what);
    CASE(the_newest_comes_first_in_pages);
    CASE(filters_choose);
    CASE(old_lines_go);
}
