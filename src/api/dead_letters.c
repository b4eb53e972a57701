/*
 * Dead letters: messages that failed, or of which nobody knows what became of them, and that
 * nothing moves any more. Grouped by what happened; sent again by the same filters.
 */
#include "api/audit.h"
#include "api/message_out.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/routes.h"
#include "api/why.h"
#include "base/err.h"

enum {
    LOOK_DEFAULT = 10000,
    LOOK_MAX = 100000,
    PIECE = 500 /* messages: the store's writer serves nobody else meanwhile */
};

/* A caller does not wait for ever; what is left is told by `more`. */
static const int64_t longest_ms = 20000;

/* --- filters ---------------------------------------------------------------------------------- */

struct filters {
    const char *app, *reason, *template_id, *tag, *broadcast;
    int state;
    int64_t since_ms, until_ms;
    int64_t limit; /* GET */
    bool dry_run;  /* POST */
};

/* Both are final in the eyes of the queue. */
static const char *const state_names[] = {"failed", "unknown", NULL};
static const int states[] = {HY_MESSAGE_FAILED, HY_MESSAGE_UNKNOWN};
enum { ANY_STATE = -1 };

#define AT(field) offsetof(struct filters, field)
/* clang-format off */
#define FILTERS                                                                                    \
    {.name = "state", .type = HY_JSON_ENUM, .offset = AT(state), .choices = state_names},          \
    {.name = "reason", .type = HY_JSON_TEXT, .offset = AT(reason), .max = 64},                     \
    {.name = "template", .type = HY_JSON_TEXT, .offset = AT(template_id), .max = 128},             \
    {.name = "tag", .type = HY_JSON_TEXT, .offset = AT(tag)},                                      \
    {.name = "broadcast", .type = HY_JSON_TEXT, .offset = AT(broadcast), .max = 32},               \
    {.name = "since", .type = HY_JSON_INSTANT, .offset = AT(since_ms)},                            \
    {.name = "until", .type = HY_JSON_INSTANT, .offset = AT(until_ms)}

const struct hy_json_field hy_api_dead_letters_query[] = {
    {.name = "app", .type = HY_JSON_TEXT, .offset = AT(app), .max = 64},
    FILTERS,
    {.name = "limit", .type = HY_JSON_INT, .offset = AT(limit), .min = 1, .max = LOOK_MAX},
    {0}};

/* Nobody sends the dead letters of all apps again by a slip. */
static const struct hy_json_field retry_fields[] = {
    {.name = "app", .type = HY_JSON_TEXT, .offset = AT(app), .required = true, .max = 64},
    FILTERS,
    {.name = "dry_run", .type = HY_JSON_BOOL, .offset = AT(dry_run)},
    {0}};
/* clang-format on */

/* Ids grow with time; before the first one there is nothing. */
static int64_t id_of_instant(int64_t at_ms)
{
    int64_t id = hy_message_id_at(at_ms);

    return id > 0 ? id : 1;
}

/* False: 400 was answered. */
static bool read_filter(struct hy_call *call, const struct filters *f,
                        struct hy_dead_filter *ret_filter)
{
    HY_APP_SCOPED const struct hy_app_entry *entry = f->app ? hy_call_app(call, f->app) : NULL;
    struct hy_dead_filter filter = {.app_no = entry ? entry->app.no : 0,
                                    .state = f->state == ANY_STATE ? ANY_STATE : states[f->state],
                                    .reason = f->reason,
                                    .template_id = f->template_id,
                                    .tag = f->tag};

    if (f->broadcast && hy_out_id_parse(f->broadcast, 'b', &filter.broadcast_id) != 0)
        hy_violations_add(&call->v, "broadcast", "id", NULL, NULL,
                          "broadcast must be the id of a broadcast, such as b12.");
    if (f->since_ms)
        filter.from_id = id_of_instant(f->since_ms);
    if (f->until_ms)
        filter.until_id = id_of_instant(f->until_ms);
    if (hy_call_refused(call))
        return false;
    *ret_filter = filter;
    return true;
}

/* --- list ------------------------------------------------------------------------------------- */

static void write_group(struct hy_call *call, struct hy_out *out, const struct hy_dead_group *g)
{
    HY_APP_SCOPED const struct hy_app_entry *entry = hy_engine_app_by_no(call->engine, g->app_no);
    char id[HY_MESSAGE_ID_TEXT_BYTES];
    struct hy_why why;

    hy_out_begin(out, NULL, '{');
    hy_out_text(out, "app", entry ? entry->app.id : NULL);
    hy_out_text(out, "state", hy_message_state_names[g->state]);
    hy_out_text(out, "reason", g->reason);
    hy_out_int(out, "messages", g->messages);
    hy_out_text(out, "newest", hy_message_id_print(g->newest_id, id));
    hy_out_text(out, "template", g->template_id);
    hy_out_text(out, "errmsg", g->errmsg && g->errmsg[0] ? g->errmsg : NULL);
    if (entry && hy_why_reason(entry->platform, g->state, g->reason, hy_call_chinese(call), &why)) {
        hy_out_text(out, "meaning", why.meaning);
        hy_out_text(out, "fix", why.fix);
    }
    hy_out_end(out, '}');
}

static void listed(struct hy_call *call)
{
    const struct hy_dead_groups *groups = call->work;
    struct hy_out out;

    if (hy_call_failed(call, groups->op.result))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_begin(&out, "groups", '[');
    for (size_t i = 0; i < groups->count; i++)
        write_group(call, &out, &groups->groups[i]);
    hy_out_end(&out, ']');
    hy_out_bool(&out, "more", groups->more);
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

void hy_api_dead_letters_list(struct hy_call *call)
{
    struct filters filters = {.state = ANY_STATE, .limit = LOOK_DEFAULT};
    struct hy_dead_groups *groups;

    if (!hy_query_read(call, hy_api_dead_letters_query, &filters))
        return;
    groups = hy_call_work(call, sizeof *groups);
    if (!groups || !read_filter(call, &filters, &groups->filter))
        return;
    groups->limit = (size_t)filters.limit;
    groups->arena = call->arena;
    hy_call_read(call, &groups->op, HY_VERB_DEAD_GROUPS, listed);
}

/* --- retry ------------------------------------------------------------------------------------ */

struct work {
    struct hy_dead_retry verb;
    size_t matched, retried, skipped;
    int64_t until_ms;
};

static void reply_totals(struct hy_call *call, const struct work *work)
{
    struct hy_out out;

    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_int(&out, "matched", (int64_t)work->matched);
    hy_out_int(&out, "retried", work->verb.dry ? 0 : (int64_t)work->retried);
    hy_out_int(&out, "skipped", (int64_t)work->skipped);
    hy_out_bool(&out, "more", work->verb.more);
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

static void run_piece(struct hy_call *call);

static void piece_done(struct hy_call *call)
{
    struct work *work = call->work;
    struct hy_dead_retry *verb = &work->verb;

    if (hy_call_failed(call, verb->op.result))
        return;
    work->matched += verb->matched;
    work->retried += verb->retried;
    work->skipped += verb->skipped;
    if (!verb->more || hy_engine_now_ms(call->engine) >= work->until_ms) {
        reply_totals(call, work);
        return;
    }
    if (verb->retried)
        verb->op.audit = NULL; /* the first piece that did something says who asked for all of it */
    verb->before_id = verb->next_before_id;
    run_piece(call);
}

static void run_piece(struct hy_call *call)
{
    struct work *work = call->work;

    work->verb.op.done = hy_call_op_done;
    work->verb.op.arg = call;
    hy_call_defer(call, piece_done);
    hy_engine_dead_retry(call->engine, &work->verb);
}

void hy_api_dead_letters_retry(struct hy_call *call)
{
    struct filters filters = {.state = ANY_STATE};
    struct work *work;

    if (!hy_call_json(call, HY_BODY_REQUIRED))
        return;
    hy_json_read(call->body, retry_fields, &filters, &call->v);
    work = hy_call_work(call, sizeof *work);
    if (!work || !read_filter(call, &filters, &work->verb.filter))
        return;
    work->verb.dry = filters.dry_run;
    work->verb.limit = PIECE;
    work->until_ms = hy_engine_now_ms(call->engine) + longest_ms;
    if (!filters.dry_run)
        work->verb.op.audit = hy_call_audit(call, "dead_letters.retry", NULL, call->body);
    if (filters.dry_run || work->verb.op.audit)
        run_piece(call);
}
