/* The world around: accidents, time, counters, the end of everything. */
#include "base/err.h"
#include "base/instant.h"
#include "net/httpd.h"
#include "sim/calls.h"
#include "sim/control.h"
#include "sim/pusher.h"

#include <inttypes.h>
#include <string.h>

enum { LATENCY_MAX_MS = 600000, ADVANCE_MAX_S = 315360000 };

/* --- faults ----------------------------------------------------------------------------------- */

struct fault_want {
    const char *path, *appid, *errmsg, *body;
    int64_t errcode, status, latency_ms, times, skip;
    int drop;
    bool carry_out;
    json_t *probability;
};

enum { F_ERRCODE, F_BODY };

static const struct hy_json_field fault_fields[] = {
    [F_ERRCODE] = {.name = "errcode",
                   .type = HY_JSON_INT,
                   .offset = offsetof(struct fault_want, errcode),
                   .min = -1000000000,
                   .max = 1000000000},
    [F_BODY] = {.name = "body",
                .type = HY_JSON_TEXT,
                .offset = offsetof(struct fault_want, body),
                .max = 1 << 20},
    {.name = "path",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct fault_want, path),
     .required = true},
    {.name = "appid", .type = HY_JSON_TEXT, .offset = offsetof(struct fault_want, appid)},
    {.name = "errmsg",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct fault_want, errmsg),
     .max = 800},
    {.name = "status",
     .type = HY_JSON_INT,
     .offset = offsetof(struct fault_want, status),
     .min = 200,
     .max = 599},
    {.name = "latency_ms",
     .type = HY_JSON_INT,
     .offset = offsetof(struct fault_want, latency_ms),
     .max = LATENCY_MAX_MS},
    {.name = "drop",
     .type = HY_JSON_ENUM,
     .offset = offsetof(struct fault_want, drop),
     .choices = hy_sim_drop_names},
    {.name = "times",
     .type = HY_JSON_INT,
     .offset = offsetof(struct fault_want, times),
     .min = 1,
     .max = 1000000000},
    {.name = "skip",
     .type = HY_JSON_INT,
     .offset = offsetof(struct fault_want, skip),
     .max = 1000000000},
    {.name = "probability",
     .type = HY_JSON_VALUE,
     .offset = offsetof(struct fault_want, probability)},
    {.name = "carry_out", .type = HY_JSON_BOOL, .offset = offsetof(struct fault_want, carry_out)},
    {0}};

static void check_fault(struct hy_sim_control *c, const struct fault_want *want,
                        const struct hy_sim_fault *fault)
{
    if (want->path && want->path[0] != '/' && strcmp(want->path, "*") != 0)
        hy_violations_add(c->faults, "path", "pattern", NULL, NULL,
                          "path begins with a slash; a star at its end stands for any rest.");
    if (want->path && strncmp(want->path, "/sim", 4) == 0)
        hy_violations_add(c->faults, "path", "pattern", NULL, NULL,
                          "Faults strike the platform's paths, not /sim.");
    if (want->probability &&
        (!json_is_number(want->probability) || fault->probability <= 0 || fault->probability > 1))
        hy_violations_add(c->faults, "probability", "range", "0..1", NULL,
                          "probability must be more than 0 and at most 1.");
    if (!hy_violations_any(c->faults) && !fault->has_errcode && !fault->status && !fault->body &&
        !fault->latency_ms && !fault->drop)
        hy_violations_add(c->faults, "", "effect", NULL, NULL,
                          "A fault needs errcode, status, body, latency_ms or drop.");
}

void hy_sim_control_faults_add(struct hy_sim_control *c)
{
    struct fault_want want = {.times = -1};
    uint32_t present = hy_json_read(c->body, fault_fields, &want, c->faults);
    struct hy_sim_fault fault = {.path = want.path,
                                 .appid = want.appid,
                                 .has_errcode = present & (1u << F_ERRCODE),
                                 .errcode = (int)want.errcode,
                                 .status = (int)want.status,
                                 .errmsg = want.errmsg,
                                 .body = want.body,
                                 .latency_ms = want.latency_ms,
                                 .drop = want.drop,
                                 .carry_out = want.carry_out,
                                 .skip = want.skip,
                                 .times = want.times,
                                 .probability = 1};
    int err;

    if (want.probability)
        fault.probability = json_number_value(want.probability);
    check_fault(c, &want, &fault);
    if (hy_violations_any(c->faults))
        return;
    err = hy_sim_faults_add(&c->sim->faults, &fault);
    if (err == HY_E_LIMIT)
        hy_violations_add(c->faults, "", "items", "1000", NULL,
                          "There are 1000 faults already; DELETE some.");
    else if (err)
        hy_sim_control_no_memory(c);
    hy_buf_printf(c->out, "{\"faults\":%zu}", c->sim->faults.count);
}

/* All, or those of ?path= */
void hy_sim_control_faults_remove(struct hy_sim_control *c)
{
    size_t removed = hy_sim_faults_remove(&c->sim->faults, hy_httpd_query(c->req, "path"));

    hy_buf_printf(c->out, "{\"removed\":%zu,\"faults\":%zu}", removed, c->sim->faults.count);
}

void hy_sim_control_faults_list(struct hy_sim_control *c)
{
    hy_buf_puts(c->out, "{\"faults\":");
    hy_sim_faults_print(&c->sim->faults, c->out);
    hy_buf_putc(c->out, '}');
}

/* --- time ------------------------------------------------------------------------------------- */

void hy_sim_control_clock(struct hy_sim_control *c)
{
    int64_t now_ms = hy_sim_now_ms(c->sim);
    char text[HY_INSTANT_TEXT_BYTES];

    hy_buf_printf(c->out, "{\"now\":\"%s\",\"now_s\":%" PRId64 ",\"advanced_s\":%" PRId64 "}",
                  hy_instant_print(now_ms, text), now_ms / 1000, c->sim->clock_ahead_ms / 1000);
}

struct clock_want {
    int64_t advance_s;
};

static const struct hy_json_field clock_fields[] = {
    {.name = "advance_s",
     .type = HY_JSON_INT,
     .offset = offsetof(struct clock_want, advance_s),
     .required = true,
     .min = 0,
     .max = ADVANCE_MAX_S},
    {0}};

/* Time never goes back, but by a reset. */
void hy_sim_control_clock_advance(struct hy_sim_control *c)
{
    struct clock_want want = {0};

    hy_json_read(c->body, clock_fields, &want, c->faults);
    if (!hy_violations_any(c->faults) &&
        c->sim->clock_ahead_ms / 1000 + want.advance_s > ADVANCE_MAX_S)
        hy_violations_add(c->faults, "advance_s", "range", NULL, NULL,
                          "The clock may be at most ten years ahead.");
    if (hy_violations_any(c->faults))
        return;
    c->sim->clock_ahead_ms += want.advance_s * 1000;
    hy_sim_pusher_set_ahead(c->sim->pusher, c->sim->clock_ahead_ms);
    hy_sim_control_clock(c);
}

/* --- counters, the end ------------------------------------------------------------------------ */

void hy_sim_control_stats(struct hy_sim_control *c)
{
    const struct hy_sim_stats *s = &c->sim->stats;
    const struct hy_sim *sim = c->sim;
    struct hy_sim_push_counts pushes = hy_sim_pusher_counts(sim->pusher);
    struct hy_buf *out = c->out;

    hy_buf_printf(out,
                  "{\"requests\":%" PRIu64 ",\"token_calls\":%" PRIu64 ",\"logins\":%" PRIu64
                  ",\"sends\":%" PRIu64 ",\"accepted\":%" PRIu64 ",\"faulted\":%" PRIu64
                  ",\"unanswered\":%" PRIu64 ",\"max_in_flight_per_user\":%u,\"refused\":",
                  s->requests, s->token_calls, s->logins, s->sends, s->accepted, s->faulted,
                  s->unanswered, s->max_in_flight_per_user);
    hy_sim_tally_print(&s->refused, out);
    hy_buf_puts(out, ",\"other_refusals\":");
    hy_sim_tally_print(&s->other_refusals, out);
    hy_buf_printf(out,
                  ",\"users\":%zu,\"receipts\":%zu,\"messages_kept\":%" PRIu64
                  ",\"messages_dropped\":%" PRIu64 ",\"seed\":%" PRIu64,
                  sim->users.count, sim->receipts.count, sim->inbox.kept, sim->inbox.dropped,
                  sim->seed);
    hy_buf_printf(out,
                  ",\"pushes\":%" PRIu64 ",\"push_tries\":%" PRIu64 ",\"pushes_delivered\":%" PRIu64
                  ",\"pushes_refused\":%" PRIu64 ",\"pushes_failed\":%" PRIu64
                  ",\"pushes_dropped\":%" PRIu64 ",\"pushes_waiting\":%zu}",
                  pushes.made, pushes.tries, pushes.delivered, pushes.refused, pushes.failed,
                  pushes.dropped, pushes.waiting);
}

void hy_sim_control_reset(struct hy_sim_control *c)
{
    hy_sim_pusher_clear(c->sim->pusher);
    if (hy_sim_state_reset(c->sim) != 0)
        hy_sim_control_no_memory(c);
    hy_sim_pusher_set_ahead(c->sim->pusher, c->sim->clock_ahead_ms);
    hy_buf_puts(c->out, "{}");
}
