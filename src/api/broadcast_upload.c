/*
 * The users of a draft, a JSON object a line, any number of them.
 *
 *   head -> first piece: is there such a draft? -> its lines -> next piece -> ... -> answer
 *                                                   |     ^
 *                                       batch full  v     | stored
 *                                                audience_add
 *
 * A piece and a batch are in memory, never more. While a batch is being stored the peer is not read
 * from. What is no good is counted, and listed as long as the list is short; the rest is stored. A
 * peer that goes leaves what was stored; sent again, that counts as duplicates.
 */
#include "api/audit.h"
#include "api/broadcast_out.h"
#include "api/lines.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/err.h"

#include <string.h>
#include <strings.h>

enum {
    LINE_BYTES = 64 << 10,
    BATCH_LINES = 1000,
    BATCH_BYTES = 4 << 20, /* of memory; ends a batch of long lines early */
    ERRORS_LISTED = 100,
};

struct upload {
    struct hy_broadcasts find;
    const struct hy_broadcast *broadcast;
    const struct hy_audit *audit; /* goes with the first batch: one upload, one record */
    struct hy_lines lines;
    size_t at; /* how much of the piece was used */
    bool ended;
    struct hy_arena arena; /* of the batch */
    struct hy_audience_item *items;
    struct hy_audience_add add;
    size_t count; /* of the batch */
    int64_t read, added, duplicates, refused;
    struct hy_out errors;
};

/* Before every reply. */
static void release(struct upload *u)
{
    hy_lines_deinit(&u->lines);
    hy_arena_deinit(&u->arena);
    hy_out_deinit(&u->errors);
}

static void fail(struct hy_call *call, int err)
{
    release(call->work);
    hy_problem_of_error(call, err);
}

static bool gone(struct hy_call *call)
{
    if (!hy_httpd_gone(call->req))
        return false;
    release(call->work);
    hy_httpd_abort(call->req);
    return true;
}

/* --- one line --------------------------------------------------------------------------------- */

static void refuse_line(struct upload *u, const struct hy_violations *v)
{
    if (u->refused++ >= ERRORS_LISTED)
        return;
    hy_out_begin(&u->errors, NULL, '{');
    hy_out_int(&u->errors, "line", u->lines.number);
    hy_problem_write_errors(&u->errors, v);
    hy_out_end(&u->errors, '}');
}

static void check_line(struct hy_call *call, const struct hy_line *line, struct hy_violations *v,
                       struct hy_audience_item *ret_item)
{
    const struct upload *u = call->work;
    char reason[256];
    HY_JSON_SCOPED json_t *json = hy_json_parse(line->text, line->size, reason, sizeof reason);

    if (!json)
        hy_violations_add(v, "", "json", NULL, NULL, "The line is %s.", reason);
    else if (!json_is_object(json))
        hy_violations_add(v, "", "object", NULL, NULL,
                          "A line has to be an object, as in {\"user\":\"...\"}.");
    else
        hy_engine_broadcast_line(call->engine, u->broadcast, json, v, ret_item);
}

static bool is_blank(const struct hy_line *line)
{
    for (size_t i = 0; i < line->size; i++)
        if (!memchr(" \t\r", line->text[i], 3))
            return false;
    return true;
}

static void take_line(struct hy_call *call, enum hy_lines_got got, const struct hy_line *line)
{
    struct upload *u = call->work;
    struct hy_audience_item item = {0};
    struct hy_violations v;

    if (got == HY_LINES_ONE && is_blank(line))
        return;
    u->read++;
    hy_violations_init(&v, &u->arena);
    if (got == HY_LINES_TOO_LONG)
        hy_violations_add(&v, "", "max_bytes", "65536", NULL,
                          "A line may have at most 65536 bytes.");
    else
        check_line(call, line, &v, &item);
    if (hy_violations_any(&v))
        refuse_line(u, &v);
    else
        u->items[u->count++] = item;
}

/* --- batches ---------------------------------------------------------------------------------- */

static void work_on(struct hy_call *call);

static void stored(struct hy_call *call)
{
    struct upload *u = call->work;

    if (u->add.op.result == HY_E_CONFLICT) {
        release(u);
        hy_problem_reply(call, HY_PROBLEM_STATE,
                         "The broadcast takes no more users: it was started or canceled, or it "
                         "goes to the ledger's reach.");
        return;
    }
    if (u->add.op.result < 0) {
        fail(call, u->add.op.result);
        return;
    }
    u->audit = NULL;
    u->added += (int64_t)u->add.added;
    u->duplicates += (int64_t)u->add.duplicates;
    u->count = 0;
    hy_arena_reset(&u->arena);
    if (!gone(call))
        work_on(call);
}

static void store_batch(struct hy_call *call)
{
    struct upload *u = call->work;

    u->add = (struct hy_audience_add){
        .broadcast_id = u->broadcast->id, .items = u->items, .count = u->count};
    u->add.op.verb = HY_VERB_AUDIENCE_ADD;
    u->add.op.audit = u->audit;
    u->add.op.done = hy_call_op_done;
    u->add.op.arg = call;
    hy_call_defer(call, stored);
    hy_store_submit(hy_engine_store(call->engine), &u->add.op);
}

static bool batch_full(struct upload *u)
{
    if (u->count == 0 && u->arena.used_bytes > BATCH_BYTES)
        hy_arena_reset(&u->arena); /* nothing but faults, which are written down */
    return u->count == BATCH_LINES || u->arena.used_bytes > BATCH_BYTES;
}

/* --- the body --------------------------------------------------------------------------------- */

static void reply(struct hy_call *call)
{
    struct upload *u = call->work;
    struct hy_out out;

    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_int(&out, "lines", u->read);
    hy_out_int(&out, "added", u->added);
    hy_out_int(&out, "duplicates", u->duplicates);
    hy_out_int(&out, "refused", u->refused);
    hy_out_end(&u->errors, ']');
    hy_out_raw(&out, "errors", hy_buf_text(&u->errors.buf));
    hy_out_end(&out, '}');
    if (!hy_buf_ok(&u->errors.buf))
        out.buf.failed = true;
    release(u);
    hy_call_reply(call, 200, &out);
}

static enum hy_lines_got next_line(struct hy_call *call, struct hy_line *ret_line)
{
    struct upload *u = call->work;
    size_t size;
    const char *piece = hy_httpd_piece(call->req, &size);

    return u->ended ? hy_lines_last(&u->lines, ret_line)
                    : hy_lines_next(&u->lines, piece, size, &u->at, ret_line);
}

/* A stop does not wait for the end of a long file. */
static bool cut(struct hy_call *call)
{
    struct upload *u = call->work;

    if (!hy_httpd_is_cut(call->req))
        return false;
    release(u);
    hy_problem_reply(call, HY_PROBLEM_STOPPING,
                     "%lld users were taken. Send the whole again soon: those that are known count "
                     "as duplicates.",
                     (long long)(u->added + u->duplicates));
    return true;
}

static void more(struct hy_call *call)
{
    struct upload *u = call->work;
    size_t size;

    if (gone(call) || cut(call))
        return;
    hy_httpd_piece(call->req, &size);
    u->at = 0;
    u->ended = size == 0;
    work_on(call);
}

/* As far as it gets without waiting. */
static void work_on(struct hy_call *call)
{
    struct upload *u = call->work;
    struct hy_line line;
    enum hy_lines_got got;

    while (!batch_full(u) && (got = next_line(call, &line)) != HY_LINES_MORE) {
        if (got == HY_LINES_NO_MEMORY) {
            fail(call, HY_E_NOMEM);
            return;
        }
        take_line(call, got, &line);
    }
    if (u->count > 0 && (batch_full(u) || u->ended))
        store_batch(call);
    else if (u->ended)
        reply(call);
    else
        hy_call_take(call, more);
}

/* --- the beginning ---------------------------------------------------------------------------- */

static void found(struct hy_call *call)
{
    struct upload *u = call->work;

    if (gone(call))
        return;
    u->broadcast = hy_broadcast_found(call, &u->find);
    if (!u->broadcast) {
        release(u);
        return;
    }
    if (u->broadcast->state != HY_BROADCAST_DRAFT) {
        release(u);
        hy_problem_reply(call, HY_PROBLEM_STATE, "The broadcast is %s; only a draft takes users.",
                         hy_broadcast_state_names[u->broadcast->state]);
        return;
    }
    u->audit = hy_call_audit(call, "broadcast.upload", call->params[0], NULL);
    if (!u->audit) {
        release(u);
        return;
    }
    more(call);
}

static void first(struct hy_call *call)
{
    struct upload *u = call->work;

    if (gone(call) || cut(call))
        return;
    if (!hy_broadcast_find(call, &u->find, found))
        release(u);
}

/* Whatever people's tools say of such a file, but not what is surely something else. */
static bool readable(struct hy_call *call)
{
    static const char *const others[] = {"multipart/", "text/csv", "application/vnd", NULL};
    const char *type = hy_httpd_header(call->req, "Content-Type");
    const char *coding = hy_httpd_header(call->req, "Content-Encoding");

    if (coding && strcasecmp(coding, "identity") != 0) {
        hy_problem_reply(call, HY_PROBLEM_MEDIA,
                         "Bodies are read as they are: send this one without Content-Encoding.");
        return false;
    }
    for (int i = 0; type && others[i]; i++) {
        if (strncasecmp(type, others[i], strlen(others[i])) != 0)
            continue;
        hy_problem_reply(call, HY_PROBLEM_MEDIA,
                         "The body has to be lines of JSON, {\"user\":\"...\"} each: send it with "
                         "Content-Type: application/x-ndjson. The command line reads CSV.");
        return false;
    }
    return true;
}

void hy_api_broadcasts_upload(struct hy_call *call)
{
    struct upload *u;

    if (!readable(call))
        return;
    u = hy_call_work(call, sizeof *u);
    if (!u)
        return;
    u->items = hy_arena_array(call->arena, BATCH_LINES, sizeof *u->items);
    if (hy_call_failed(call, u->items ? 0 : HY_E_NOMEM))
        return;
    hy_lines_init(&u->lines, LINE_BYTES);
    hy_arena_init(&u->arena);
    hy_out_init(&u->errors);
    hy_out_begin(&u->errors, NULL, '[');
    hy_call_take(call, first);
}
