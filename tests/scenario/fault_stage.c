#include "fault_stage.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

enum { TRIES_MAX = 60, RETRY_MS = 10000, TROUBLE_MS = 150000 };

struct stage stage;

void stage_complain(const char *format, ...)
{
    va_list args;

    if (stage.fault_text[0])
        return; /* the first one says most */
    va_start(args, format);
    vsnprintf(stage.fault_text, stage.fault_size, format, args);
    va_end(args);
}

/* --- time ------------------------------------------------------------------------------------- */

static void heal_in_time(void)
{
    if (faulty_struck() && stage.struck_at_ms == 0)
        stage.struck_at_ms = world_now_ms();
    if (stage.struck_at_ms && world_now_ms() - stage.struck_at_ms >= TROUBLE_MS)
        faulty_lift();
}

void stage_pass(int64_t ms)
{
    for (; ms > 0; ms -= 1000) {
        world_advance(&stage.world, 1000);
        stage.life->serve();
        heal_in_time();
    }
}

static bool is_trouble(int result)
{
    return result == HY_E_IO || result == HY_E_FULL || result == HY_E_CORRUPT ||
           result == HY_E_NOMEM || result == HY_E_BUSY || result == HY_E_UNCERTAIN;
}

static bool start_again(struct world *w, int err)
{
    (void)w;
    world_sleep(RETRY_MS);
    heal_in_time();
    return is_trouble(err);
}

/* A caller who repeats what was refused for now; the last result. */
int stage_keep_at(const char *what, int (*once)(void *arg), void *arg)
{
    int result = HY_E_IO;

    for (int i = 0; i < TRIES_MAX && is_trouble(result); i++) {
        result = once(arg);
        heal_in_time();
        if (is_trouble(result))
            stage_pass(RETRY_MS);
    }
    if (result < 0 && result != HY_E_EXISTS)
        stage_complain("%s: %s", what, hy_err_text(result));
    return result;
}

void stage_outlast(void)
{
    for (int i = 0;
         stage.struck_at_ms && world_now_ms() - stage.struck_at_ms < TROUBLE_MS && i < 600; i++)
        stage_pass(1000);
    faulty_lift();
    stage_pass(200000);
}

void stage_wait_until(const char *what, bool (*is_so)(void))
{
    for (int i = 0; i < 600 && !is_so(); i++)
        stage_pass(1000);
    if (!is_so())
        stage_complain("not within ten minutes: %s", what);
}

/* --- callers and the platform ----------------------------------------------------------------- */

void stage_op_done(struct hy_op *op, void *ret_result)
{
    *(int *)ret_result = op->result;
}

static void change_done(struct hy_app_change *change, void *arg)
{
    *(int *)arg = change->put.op.result;
}

int stage_put_app(void *none)
{
    struct hy_app_change change = {.done = change_done};
    struct hy_violations v;
    int result = 1;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s, s:s}", "id", STAGE_APP, "secret", "0123456789abcdef0123456789abcdef",
                  "callback_token", STAGE_CALLBACK_TOKEN);

    (void)none;
    hy_violations_init(&v, &stage.arena);
    change.arg = &result;
    if (hy_engine_app_change(stage.world.engine, NULL, body, &v, &change))
        return HY_E_EXISTS; /* the only fault that it may have now */
    world_settle(&stage.world);
    return result;
}

const char *stage_user(int number)
{
    return hy_arena_printf(&stage.arena, "oScenarioScenarioScenario_u%d", number);
}

static void report_done(struct hy_report *report, void *arg)
{
    *(int *)arg = report->deposit.op.result;
}

int stage_report(json_t *body)
{
    struct hy_report r = {.done = report_done};
    struct hy_violations v;
    int result = 1;

    hy_violations_init(&v, &stage.arena);
    r.arg = &result;
    if (hy_engine_report(stage.world.engine, body, &v, &r))
        return HY_E_INVALID;
    world_settle(&stage.world);
    return r.refused_count ? HY_E_DENIED : result;
}

int stage_put_receipt(void *deposit)
{
    const struct stage_deposit *d = deposit;
    char credential[8];
    HY_JSON_SCOPED json_t *body = NULL;

    snprintf(credential, sizeof credential, "f%d", d->receipt);
    body = json_pack("{s:s, s:s, s:s, s:s}", "app", STAGE_APP, "user", stage_user(d->user), "kind",
                     "form_id", "credential", credential);
    return stage_report(body);
}

bool stage_answer_token(size_t index)
{
    char body[80];

    if (!strstr(stage.world.requests[index].url, "/cgi-bin/stable_token"))
        return false;
    snprintf(body, sizeof body, "{\"access_token\":\"T%d\",\"expires_in\":7200}", ++stage.tokens);
    world_answer(&stage.world, index, HY_HTTP_ANSWERED, 200, body);
    return true;
}

/* --- the play --------------------------------------------------------------------------------- */

static void judge_store(void)
{
    struct hy_check check = {.op.verb = HY_VERB_CHECK, .arena = &stage.arena};

    if (hy_store_run(stage.world.store, &check.op))
        stage_complain("check: %s", check.count ? check.findings[0] : "damaged");
    if (!hy_engine_idle(stage.world.engine))
        stage_complain("the engine is not idle");
}

bool stage_play(const struct stage_life *life, const char *path, const struct fault *fault,
                char *ret_fault, size_t size)
{
    static const struct fault none = {.step = 0};

    stage = (struct stage){.life = life, .fault_text = ret_fault, .fault_size = size};
    ret_fault[0] = 0;
    hy_arena_init(&stage.arena);
    faulty_plan(&none);
    world_start_on(&stage.world, faulty_store(), path, start_again);
    faulty_plan(fault);
    life->live();
    if (!ret_fault[0])
        life->judge();
    judge_store();
    faulty_lift();
    world_stop(&stage.world);
    hy_arena_deinit(&stage.arena);
    return !ret_fault[0];
}
