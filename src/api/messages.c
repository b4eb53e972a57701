#include "api/problem.h"
#include "api/routes.h"
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/*
 * Messages on their way in. One message is the hot path: its answer is printed into the buffer
 * directly, and the JSON tree of the request is freed as soon as the message is prepared.
 */

enum { MESSAGES_MAX = 1000 };

/* What is not as it came; data that came as text is an object now. */
static void write_repaired(struct hy_out *out, const struct hy_submission *s)
{
    if (s->repair_count == 0)
        return;
    hy_out_begin(out, "repaired", '{');
    for (size_t i = 0; i < s->repair_count; i++) {
        if (strcmp(s->repairs[i].field, "data") == 0)
            hy_out_raw(out, "data", s->repairs[i].value);
        else
            hy_out_text(out, s->repairs[i].field, s->repairs[i].value);
    }
    hy_out_end(out, '}');
}

static void write_admitted(struct hy_out *out, const struct hy_submission *s)
{
    const struct hy_message *message = &s->message;
    char id[HY_MESSAGE_ID_TEXT_BYTES];

    hy_out_begin(out, NULL, '{');
    hy_out_text(out, "id", hy_message_id_print(message->id, id));
    hy_out_text(out, "state", hy_message_state_names[message->state]);
    hy_out_text(out, "reason", message->reason);
    write_repaired(out, s);
    hy_out_end(out, '}');
}

/* Its tree is some ten times the text, and the answer waits for a commit. */
static void free_body(struct hy_call *call)
{
    call->body = NULL;
    hy_arena_reset(hy_httpd_scratch(call->req));
}

static void submit_done(struct hy_submit *submit, void *arg)
{
    hy_call_wake(arg);
}

static void start(struct hy_call *call, struct hy_submit *submit, hy_call_step *next)
{
    submit->admit.arena = call->arena;
    submit->done = submit_done;
    submit->arg = call;
    hy_call_defer(call, next);
    hy_engine_submit(call->engine, submit);
}

/* --- one -------------------------------------------------------------------------------------- */

struct one {
    struct hy_submit submit;
    struct hy_submission submission;
};

static const char conflict_detail[] =
    "This idempotency key came with another body before; the first message stands.";

static void submitted_one(struct hy_call *call)
{
    const struct one *one = call->work;
    struct hy_out out;

    if (hy_call_failed(call, one->submit.admit.op.result))
        return;
    if (one->submission.item.admission == HY_ADMIT_CONFLICT) {
        hy_problem_reply(call, HY_PROBLEM_KEY_REUSED, "%s", conflict_detail);
        return;
    }
    if (one->submission.item.admission == HY_ADMIT_LATE) {
        if (!one->submission.unfit)
            hy_engine_refuse_late(&call->v);
        hy_problem_invalid(call, HY_PROBLEM_INVALID);
        return;
    }
    hy_out_init(&out);
    write_admitted(&out, &one->submission);
    hy_call_reply(call, 202, &out);
}

static void submit_one(struct hy_call *call, const char *key)
{
    struct one *one = hy_call_work(call, sizeof *one);

    if (!one)
        return;
    hy_engine_prepare(call->engine, call->body, key, NULL, &call->v, &one->submission);
    if (!one->submission.unfit && hy_call_refused(call))
        return;
    free_body(call);
    one->submit.admit.items = &one->submission.item;
    one->submit.admit.count = 1;
    start(call, &one->submit, submitted_one);
}

/* --- many ------------------------------------------------------------------------------------- */

/* What becomes of one element of the array. */
struct slot {
    struct hy_submission submission;
    const char *error; /* a problem as JSON text, or null */
    bool asked;        /* it is admit.items[item], which has the word if `error` is set, too */
    size_t item;
};

struct many {
    struct hy_submit submit;
    struct slot *slots;
    size_t count;
};

static void write_error(struct hy_out *out, const char *problem)
{
    hy_out_begin(out, NULL, '{');
    hy_out_raw(out, "error", problem);
    hy_out_end(out, '}');
}

static void write_conflict(struct hy_out *out)
{
    hy_out_begin(out, NULL, '{');
    hy_problem_write(out, "error", HY_PROBLEM_KEY_REUSED, conflict_detail, NULL);
    hy_out_end(out, '}');
}

static void write_late(struct hy_out *out, struct hy_arena *arena)
{
    struct hy_violations v;

    hy_violations_init(&v, arena);
    hy_engine_refuse_late(&v);
    hy_out_begin(out, NULL, '{');
    hy_problem_write(out, "error", HY_PROBLEM_INVALID, hy_problem_summary(&v), &v);
    hy_out_end(out, '}');
}

static void write_slot(struct hy_out *out, const struct many *many, const struct slot *slot,
                       struct hy_arena *arena)
{
    const struct hy_admit_item *item = NULL;

    if (slot->asked)
        item = &many->submit.admit.items[slot->item];
    if (slot->error && (!item || item->admission == HY_ADMIT_LATE))
        write_error(out, slot->error);
    else if (item->admission == HY_ADMIT_CONFLICT)
        write_conflict(out);
    else if (item->admission == HY_ADMIT_LATE)
        write_late(out, arena);
    else
        write_admitted(out, &slot->submission);
}

static void submitted_many(struct hy_call *call)
{
    const struct many *many = call->work;
    struct hy_out out;

    if (hy_call_failed(call, many->submit.admit.op.result))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_begin(&out, "results", '[');
    for (size_t i = 0; i < many->count; i++)
        write_slot(&out, many, &many->slots[i], call->arena);
    hy_out_end(&out, ']');
    hy_out_end(&out, '}');
    hy_call_reply(call, 202, &out);
}

/* Null when out of memory. */
static const char *error_text(struct hy_call *call, const struct hy_violations *v)
{
    const char *text = NULL;
    struct hy_out out;

    hy_out_init(&out);
    if (v->count > 0)
        hy_problem_write(&out, NULL, HY_PROBLEM_INVALID, hy_problem_summary(v), v);
    else
        hy_problem_write(&out, NULL, HY_PROBLEM_MEMORY, "Nothing was done; try again.", NULL);
    if (hy_buf_ok(&out.buf))
        text = hy_arena_memdup(call->arena, hy_buf_text(&out.buf), out.buf.size);
    hy_out_deinit(&out);
    return text;
}

static int prepare_slot(struct hy_call *call, struct many *many, size_t index)
{
    struct slot *slot = &many->slots[index];
    struct hy_admit *admit = &many->submit.admit;
    struct hy_violations v;

    hy_violations_init(&v, call->arena);
    hy_engine_prepare(call->engine, json_array_get(call->body, index), NULL, NULL, &v,
                      &slot->submission);
    if (hy_violations_any(&v)) {
        slot->error = error_text(call, &v);
        if (!slot->error || !slot->submission.unfit)
            return slot->error ? 0 : HY_E_NOMEM;
    }
    slot->asked = true;
    slot->item = admit->count;
    admit->items[admit->count++] = slot->submission.item;
    return 0;
}

static int prepare_many(struct hy_call *call, struct many *many)
{
    int err = 0;

    many->count = json_array_size(call->body);
    many->slots = hy_arena_array(call->arena, many->count, sizeof *many->slots);
    many->submit.admit.items =
        hy_arena_array(call->arena, many->count, sizeof *many->submit.admit.items);
    if (!many->slots || !many->submit.admit.items)
        return HY_E_NOMEM;
    for (size_t i = 0; i < many->count && !err; i++)
        err = prepare_slot(call, many, i);
    return err;
}

static void refuse_array(struct hy_call *call, const char *key)
{
    size_t count = json_array_size(call->body);
    char actual[24];

    snprintf(actual, sizeof actual, "%zu", count);
    if (count < 1 || count > MESSAGES_MAX)
        hy_violations_add(&call->v, "", "items", "1..1000", actual,
                          "The array must have 1 to 1000 messages; it has %zu.", count);
    if (key)
        hy_violations_add(&call->v, "Idempotency-Key", "one_message", NULL, NULL,
                          "The header Idempotency-Key is for one message; in an array each message "
                          "has its own field key.");
}

static void submit_many(struct hy_call *call, const char *key)
{
    struct many *many;

    refuse_array(call, key);
    if (hy_call_refused(call))
        return;
    many = hy_call_work(call, sizeof *many);
    if (!many || hy_call_failed(call, prepare_many(call, many)))
        return;
    free_body(call);
    if (many->submit.admit.count)
        start(call, &many->submit, submitted_many);
    else
        submitted_many(call);
}

/* --- the calls -------------------------------------------------------------------------------- */

void hy_api_messages_submit(struct hy_call *call)
{
    const char *key = hy_httpd_header(call->req, "Idempotency-Key");

    if (!hy_call_json(call, HY_BODY_REQUIRED))
        return;
    if (json_is_array(call->body))
        submit_many(call, key);
    else
        submit_one(call, key);
}

void hy_api_messages_check(struct hy_call *call)
{
    struct hy_submission *submission;
    struct hy_out out;

    if (!hy_call_json(call, HY_BODY_REQUIRED))
        return;
    submission = hy_call_work(call, sizeof *submission);
    if (!submission)
        return;
    hy_engine_prepare(call->engine, call->body, NULL, NULL, &call->v, submission);
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_bool(&out, "ok", !hy_violations_any(&call->v));
    hy_problem_write_errors(&out, &call->v);
    write_repaired(&out, submission);
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}
