/*
 * sync.c - the steps of a template call: which requests follow each other, and what the
 * store and the shelf are told.
 *
 *   list        subscriptions -> legacy, page by page -> store: replace -> shelf
 *   add         add -> list of its kind -> store: put -> shelf
 *   delete      delete -> store: delete -> shelf
 *   (others)    one request
 *
 * The list of subscriptions is the call with the tiny quota: nothing but a person's "sync" and what
 * follows an "add" makes it.
 */
#include "base/log.h"
#include "engine/template/work.h"

#include <string.h>

enum { LEGACY_PAGE = 20, LEGACY_PAGES_MAX = HY_TEMPLATES_MAX / LEGACY_PAGE };

/* --- the store, then the shelf ---------------------------------------------------------------- */

static void shelved(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_template_work *work = (struct hy_template_work *)mail;
    const struct hy_templates *read = &work->verb.read;
    int err = read->op.result;

    if (!err)
        err = hy_shelf_replace(&engine->shelf, read->app_no, read->templates, read->count,
                               read->sync_count > 0);
    if (!err && work->trouble)
        hy_template_work_end(work, HY_E_BUSY, work->trouble);
    else
        hy_template_work_end(work, err, NULL);
}

static void verb_done(struct hy_op *op, void *arg)
{
    struct hy_template_work *work = arg;

    hy_engine_post(work->engine, &work->mail);
}

static void run_verb(struct hy_template_work *work,
                     void (*then)(struct hy_engine *engine, struct hy_mail *mail))
{
    work->mail.open = then;
    hy_engine_verb(work->engine, &work->verb.op, verb_done, work);
}

/* The shelf shows what the store has, and nothing else. */
static void read_back(struct hy_template_work *work)
{
    work->verb.read = (struct hy_templates){
        .op.verb = HY_VERB_TEMPLATES, .app_no = work->call->app_no, .arena = &work->arena};
    run_verb(work, shelved);
}

static void stored(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_template_work *work = (struct hy_template_work *)mail;
    int result = work->verb.op.result;

    if (result) {
        hy_template_work_end(work, result, NULL);
        return;
    }
    work->call->added = work->verb.put.added;
    work->call->removed = work->verb.put.removed;
    read_back(work);
}

static const struct hy_audit *audit_of(const struct hy_template_work *work)
{
    return work->named.subject ? &work->named : work->call->audit;
}

/* The platform has changed something that the store knows nothing of: who did it is kept all the
 * same, with a verb that changes nothing. */
static void store_audit(struct hy_template_work *work,
                        void (*then)(struct hy_engine *engine, struct hy_mail *mail))
{
    work->verb.put =
        (struct hy_templates_put){.op = {.verb = HY_VERB_TEMPLATES_PUT, .audit = audit_of(work)},
                                  .app_no = work->call->app_no,
                                  .now_ms = work->engine->config.now_ms()};
    run_verb(work, then);
}

static void store_gathered(struct hy_template_work *work, bool replace, bool legacy)
{
    struct hy_templates_put *put = &work->verb.put;
    int64_t now_ms = work->engine->config.now_ms();

    for (size_t i = 0; i < work->gathered_count; i++) {
        work->gathered[i].app_no = work->call->app_no;
        work->gathered[i].synced_at_ms = now_ms;
    }
    work->call->synced_at_ms = now_ms;
    *put = (struct hy_templates_put){.op = {.verb = HY_VERB_TEMPLATES_PUT, .audit = audit_of(work)},
                                     .app_no = work->call->app_no,
                                     .replace = replace,
                                     .templates = work->gathered,
                                     .count = work->gathered_count,
                                     .now_ms = now_ms};
    put->kinds[HY_TEMPLATE_ONCE] = put->kinds[HY_TEMPLATE_ALWAYS] = replace;
    put->kinds[HY_TEMPLATE_LEGACY] = replace && legacy;
    run_verb(work, stored);
}

/* --- lists ------------------------------------------------------------------------------------ */

/* Keeps what the reply lists. False: the call was ended. */
static bool gather(struct hy_template_work *work)
{
    const struct hy_template_reply *reply = &work->reply;

    if (!work->gathered)
        work->gathered =
            hy_arena_array(work->call->arena, HY_TEMPLATES_MAX, sizeof *work->gathered);
    if (!work->gathered) {
        hy_template_work_end(work, HY_E_NOMEM, NULL);
        return false;
    }
    if (reply->count > HY_TEMPLATES_MAX - work->gathered_count) {
        hy_template_work_end(work, HY_E_DENIED, "The account has more than 1000 templates.");
        return false;
    }
    if (reply->count)
        memcpy(work->gathered + work->gathered_count, reply->templates,
               reply->count * sizeof *reply->templates);
    work->gathered_count += reply->count;
    return true;
}

/* The last page may be short, and so may any other: only the total tells, where there is one. */
static bool is_last_page(const struct hy_template_work *work)
{
    const struct hy_template_reply *reply = &work->reply;
    int64_t end = work->ask.start + work->ask.limit;

    if (!work->ask.legacy || reply->count == 0 || end >= LEGACY_PAGE * LEGACY_PAGES_MAX)
        return true;
    return reply->total >= 0 ? end >= reply->total : (int64_t)reply->count < work->ask.limit;
}

static void ask_list(struct hy_template_work *work, bool legacy, int64_t start,
                     void (*step)(struct hy_template_work *work))
{
    struct hy_template_ask ask = {.op = HY_TEMPLATE_OP_LIST, .legacy = legacy};

    if (legacy) {
        ask.start = start;
        ask.limit = LEGACY_PAGE;
    }
    hy_template_work_ask(work, &ask, step);
}

/* --- sync ------------------------------------------------------------------------------------- */

static void store_synced(struct hy_template_work *work, bool legacy)
{
    work->call->reply.judgement.verdict = HY_VERDICT_OK;
    work->call->reply.templates = work->gathered;
    work->call->reply.count = work->gathered_count;
    store_gathered(work, true, legacy);
}

static bool has_legacy(struct hy_template_work *work)
{
    size_t count;
    const struct hy_shelf_item **list =
        hy_engine_template_list(work->engine, work->call->app_no, &work->arena, &count);
    bool any = false;

    for (size_t i = 0; list && i < count; i++) {
        any = any || list[i]->template.kind == HY_TEMPLATE_LEGACY;
        hy_engine_template_release(list[i]);
    }
    return any;
}

/*
 * The legacy interface is retired, and nobody has written down what it says now. A refusal is no
 * fault, and neither is an answer that makes no sense, unless the app had legacy templates before.
 */
static bool is_retired(struct hy_template_work *work)
{
    enum hy_verdict verdict = work->reply.judgement.verdict;

    if (verdict == HY_VERDICT_ACCOUNT || verdict == HY_VERDICT_BAD_PAYLOAD)
        return true;
    return (verdict == HY_VERDICT_TRANSIENT || verdict == HY_VERDICT_UNKNOWN) && !has_legacy(work);
}

/* What was learned about subscriptions is kept in any case: its call cannot be made often. */
static void without_legacy(struct hy_template_work *work)
{
    size_t kept = 0;

    for (size_t i = 0; i < work->gathered_count; i++) {
        if (work->gathered[i].kind != HY_TEMPLATE_LEGACY)
            work->gathered[kept++] = work->gathered[i];
    }
    work->gathered_count = kept;
    if (is_retired(work)) {
        hy_log(HY_LOG_INFO, "templates.no_legacy", "app=%s errcode=%s", work->app->app.id,
               work->reply.judgement.errcode[0] ? work->reply.judgement.errcode : "-");
    } else {
        work->trouble = hy_template_work_error(work);
        if (!work->trouble)
            work->trouble = "The legacy templates could not be listed.";
    }
    store_synced(work, false);
}

static void legacy_listed(struct hy_template_work *work)
{
    if (work->reply.judgement.verdict != HY_VERDICT_OK)
        without_legacy(work);
    else if (!gather(work))
        return;
    else if (is_last_page(work))
        store_synced(work, true);
    else
        ask_list(work, true, work->ask.start + work->ask.limit, legacy_listed);
}

static void subscriptions_listed(struct hy_template_work *work)
{
    if (!hy_template_work_failed(work) && gather(work))
        ask_list(work, true, 0, legacy_listed);
}

/* --- add -------------------------------------------------------------------------------------- */

static const struct hy_template *find_new(const struct hy_template_work *work)
{
    for (size_t i = 0; i < work->reply.count; i++) {
        if (strcmp(work->reply.templates[i].id, work->call->reply.template_id) == 0)
            return &work->reply.templates[i];
    }
    return NULL;
}

static void unread_noted(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_template_work *work = (struct hy_template_work *)mail;

    hy_template_work_end(work, work->trouble ? HY_E_BUSY : HY_E_NOMEM, work->trouble);
}

/* It was added all the same: says so, and what is left to do. */
static void end_unread(struct hy_template_work *work, const char *why)
{
    work->trouble = hy_arena_printf(
        work->call->arena, "Template %s was added, but could not be read yet; sync later. %s",
        work->call->reply.template_id, why ? why : "");
    store_audit(work, unread_noted);
}

static void added_listed(struct hy_template_work *work)
{
    const struct hy_template *found;

    if (work->reply.judgement.verdict != HY_VERDICT_OK) {
        end_unread(work, hy_template_work_error(work));
        return;
    }
    found = find_new(work);
    if (!found && is_last_page(work)) {
        end_unread(work, "The platform does not list it.");
    } else if (!found) {
        ask_list(work, true, work->ask.start + work->ask.limit, added_listed);
    } else {
        work->reply.templates = found;
        work->reply.count = 1;
        if (gather(work))
            store_gathered(work, false, false);
    }
}

static void added(struct hy_template_work *work)
{
    if (hy_template_work_failed(work))
        return;
    work->call->reply = work->reply;
    if (work->call->audit) {
        work->named = *work->call->audit;
        work->named.subject = work->call->reply.template_id;
    }
    ask_list(work, work->call->ask.legacy, 0, added_listed);
}

/* --- delete, and questions -------------------------------------------------------------------- */

static void deletion_noted(struct hy_engine *engine, struct hy_mail *mail)
{
    read_back((struct hy_template_work *)mail);
}

/* The store may not have known it. */
static void deletion_stored(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_template_work *work = (struct hy_template_work *)mail;
    int result = work->verb.op.result;

    if (result && result != HY_E_NOT_FOUND)
        hy_template_work_end(work, result, NULL);
    else if (result)
        store_audit(work, deletion_noted);
    else
        read_back(work);
}

static void deleted(struct hy_template_work *work)
{
    if (hy_template_work_failed(work))
        return;
    work->call->reply = work->reply;
    work->verb.removal = (struct hy_template_delete){
        .op = {.verb = HY_VERB_TEMPLATE_DELETE, .audit = audit_of(work)},
        .app_no = work->call->app_no,
        .template_id = work->call->ask.template_id};
    run_verb(work, deletion_stored);
}

static void answered(struct hy_template_work *work)
{
    if (hy_template_work_failed(work))
        return;
    work->call->reply = work->reply;
    hy_template_work_end(work, 0, NULL);
}

void hy_template_work_begin(struct hy_template_work *work)
{
    static void (*const steps[HY_TEMPLATE_OPS])(struct hy_template_work *) = {
        [HY_TEMPLATE_OP_LIST] = subscriptions_listed,
        [HY_TEMPLATE_OP_ADD] = added,
        [HY_TEMPLATE_OP_DELETE] = deleted,
        [HY_TEMPLATE_OP_CATEGORIES] = answered,
        [HY_TEMPLATE_OP_TITLES] = answered,
        [HY_TEMPLATE_OP_KEYWORDS] = answered};
    const struct hy_template_ask *ask = &work->call->ask;

    if (ask->op == HY_TEMPLATE_OP_LIST)
        ask_list(work, false, 0, subscriptions_listed);
    else
        hy_template_work_ask(work, ask, steps[ask->op]);
}
