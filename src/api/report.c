#include "api/report.h"

static void write_refused(struct hy_out *out, const struct hy_report *report)
{
    hy_out_begin(out, "refused", '[');
    for (size_t i = 0; i < report->refused_count; i++) {
        const struct hy_refusal *refusal = &report->refused[i];

        hy_out_begin(out, NULL, '{');
        hy_out_int(out, "index", (int64_t)refusal->index);
        hy_out_text(out, "form_id", refusal->credential);
        hy_out_text(out, "template", refusal->template_id);
        hy_out_text(out, "reason", refusal->reason);
        hy_out_text(out, "message", refusal->message);
        hy_out_end(out, '}');
    }
    hy_out_end(out, ']');
}

static void reported(struct hy_call *call)
{
    const struct hy_report *report = call->work;
    struct hy_out out;

    if (hy_call_failed(call, report->deposit.op.result))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_int(&out, "accepted", (int64_t)report->accepted);
    hy_out_int(&out, "duplicates", (int64_t)report->duplicates);
    write_refused(&out, report);
    hy_out_end(&out, '}');
    hy_call_reply(call, 201, &out);
}

static void report_done(struct hy_report *report, void *arg)
{
    hy_call_wake(arg);
}

struct hy_report *hy_api_report_new(struct hy_call *call)
{
    struct hy_report *report = hy_call_work(call, sizeof *report);

    if (!report)
        return NULL;
    report->done = report_done;
    report->arg = call;
    hy_call_defer(call, reported);
    return report;
}
