#include "api/problem.h"
#include "api/query.h"
#include "api/routes.h"
#include "base/err.h"

/*
 * GET /v1/schedules/next: when an expression would run, without making a schedule.
 */

enum { RUNS_DEFAULT = 5, RUNS_MAX = 1000, CRON_BYTES = 256, TIMEZONE_BYTES = 64 };

struct query {
    const char *cron, *timezone;
    int64_t from_ms, n;
};

#define AT(field) offsetof(struct query, field)

const struct hy_json_field hy_api_schedules_next_query[] = {
    {.name = "cron", .type = HY_JSON_TEXT, .offset = AT(cron), .required = true, .max = CRON_BYTES},
    {.name = "timezone", .type = HY_JSON_TEXT, .offset = AT(timezone), .max = TIMEZONE_BYTES},
    {.name = "from", .type = HY_JSON_INSTANT, .offset = AT(from_ms)},
    {.name = "n", .type = HY_JSON_INT, .offset = AT(n), .min = 1, .max = RUNS_MAX},
    {0}};

void hy_api_schedules_next(struct hy_call *call)
{
    struct query query = {
        .timezone = "Asia/Shanghai", .from_ms = hy_engine_now_ms(call->engine), .n = RUNS_DEFAULT};
    struct hy_out out;
    int64_t *runs;
    size_t count = 0;

    if (!hy_query_read(call, hy_api_schedules_next_query, &query))
        return;
    runs = hy_call_work(call, (size_t)query.n * sizeof *runs);
    if (!runs)
        return;
    hy_engine_runs(query.cron, query.timezone, query.from_ms, (size_t)query.n, &call->v, runs,
                   &count);
    if (hy_call_refused(call))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_begin(&out, "runs", '[');
    for (size_t i = 0; i < count; i++)
        hy_out_instant(&out, NULL, runs[i]);
    hy_out_end(&out, ']');
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}
