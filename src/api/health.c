#include "api/openapi.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/err.h"
#include "base/instant.h"

static void reply_status(struct hy_call *call, const char *status)
{
    struct hy_out out;

    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_text(&out, "status", status);
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

void hy_api_health_alive(struct hy_call *call)
{
    reply_status(call, "ok");
}

void hy_api_health_openapi(struct hy_call *call)
{
    hy_call_reply_lasting(call, "application/json", hy_api_openapi_json, hy_api_openapi_json_size);
}

/* --- ready ------------------------------------------------------------------------------------ */

/* A probe asks often and from several places; a write that is younger than this still counts. */
enum { WRITE_GOOD_FOR_MS = 1000 };

struct work {
    struct hy_meta_put put;
    int64_t now_ms;
    char instant[HY_INSTANT_TEXT_BYTES];
};

static void reply_ready(struct hy_call *call)
{
    struct hy_readiness readiness = {0};

    hy_engine_readiness(call->engine, &readiness);
    if (readiness.ready)
        reply_status(call, "ready");
    else
        hy_problem_reply(call, HY_PROBLEM_NOT_READY, "%s", readiness.detail);
}

static void written(struct hy_call *call)
{
    const struct work *work = call->work;

    if (work->put.op.result) {
        hy_problem_reply(call, HY_PROBLEM_NOT_READY, "The store does not take writes: %s.",
                         hy_err_text(work->put.op.result));
        return;
    }
    call->api->written_at_ms = work->now_ms;
    reply_ready(call);
}

void hy_api_health_ready(struct hy_call *call)
{
    int64_t now_ms = hy_engine_now_ms(call->engine);
    int64_t age_ms = now_ms - call->api->written_at_ms;
    struct work *work;

    if (age_ms >= 0 && age_ms < WRITE_GOOD_FOR_MS) {
        reply_ready(call);
        return;
    }
    work = hy_call_work(call, sizeof *work);
    if (!work)
        return;
    work->now_ms = now_ms;
    work->put.op.verb = HY_VERB_META_PUT;
    work->put.op.done = hy_call_op_done;
    work->put.op.arg = call;
    work->put.name = "ready_at";
    work->put.value = hy_instant_print(now_ms, work->instant);
    hy_call_defer(call, written);
    hy_store_submit(hy_engine_store(call->engine), &work->put.op);
}
