#include "sim/state.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/instant.h"
#include "sim/calls.h"
#include "sim/sim.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_MAX_BYTES = 256 << 20,
    INBOX_MAX_BYTES = 512 << 20,
    LOGINS_SWEEP_AT = 4096,
    RECEIPTS_SWEEP_AT = 1 << 20
};

static const int64_t day_ms = INT64_C(86400000), receipt_life_days = 7, receipt_memory_days = 30;
static const int64_t login_life_ms = INT64_C(300000);

const char *const hy_sim_push_modes[] = {"plain", "compatible", "safe", NULL};
const char *const hy_sim_push_formats[] = {"json", "xml", NULL};

const char *const hy_sim_sensitive_words[] = {"赌博",     "色情",     "裸聊", "高利贷",
                                              "代开发票", "枪支弹药", NULL};

static void init_tables(struct hy_sim *sim)
{
    hy_sim_table_init(&sim->apps, offsetof(struct hy_sim_app, appid));
    hy_sim_table_init(&sim->users, offsetof(struct hy_sim_user, openid));
    hy_sim_table_init(&sim->templates, offsetof(struct hy_sim_template, id));
    hy_sim_table_init(&sim->tokens, offsetof(struct hy_sim_token, text));
    hy_sim_table_init(&sim->receipts, offsetof(struct hy_sim_receipt, id));
    hy_sim_table_init(&sim->logins, offsetof(struct hy_sim_login, code));
    hy_arena_init(&sim->arena);
    sim->first_app = NULL;
    sim->last_app = &sim->first_app;
    sim->receipts_sweep_at = RECEIPTS_SWEEP_AT;
    sim->logins_sweep_at = LOGINS_SWEEP_AT;
    sim->clock_ahead_ms = 0;
    sim->stats = (struct hy_sim_stats){0};
}

static void free_plain(struct hy_sim_node *item)
{
    free(item);
}

static void free_user(struct hy_sim_node *item)
{
    struct hy_sim_user *user = (struct hy_sim_user *)item;

    while (user->permits) {
        struct hy_sim_permit *next = user->permits->next;

        free(user->permits);
        user->permits = next;
    }
    free(user);
}

static void empty(struct hy_sim *sim)
{
    hy_sim_inbox_clear(&sim->inbox);
    hy_sim_faults_remove(&sim->faults, NULL);
    hy_sim_table_clear(&sim->logins, free_plain);
    hy_sim_table_clear(&sim->receipts, free_plain);
    hy_sim_table_clear(&sim->tokens, free_plain);
    hy_sim_table_clear(&sim->templates, NULL);
    hy_sim_table_clear(&sim->users, free_user);
    hy_sim_table_clear(&sim->apps, NULL);
    hy_arena_deinit(&sim->arena);
}

int hy_sim_state_init(struct hy_sim *sim, uint64_t seed)
{
    while (seed == 0) {
        if (RAND_bytes((unsigned char *)&seed, sizeof seed) != 1)
            return HY_E_IO;
        seed >>= 32; /* short enough to be typed again */
    }
    sim->seed = seed;
    hy_sim_ids_init(&sim->ids, seed);
    hy_buf_init(&sim->out, ANSWER_MAX_BYTES);
    hy_sim_inbox_init(&sim->inbox, INBOX_MAX_BYTES);
    init_tables(sim);
    return hy_sim_app_add(sim, HY_SIM_FIRST_APPID, HY_SIM_FIRST_SECRET) ? 0 : HY_E_NOMEM;
}

void hy_sim_state_deinit(struct hy_sim *sim)
{
    empty(sim);
    hy_buf_deinit(&sim->out);
}

int hy_sim_state_reset(struct hy_sim *sim)
{
    empty(sim);
    init_tables(sim);
    sim->epoch++;
    return hy_sim_app_add(sim, HY_SIM_FIRST_APPID, HY_SIM_FIRST_SECRET) ? 0 : HY_E_NOMEM;
}

int64_t hy_sim_now_ms(const struct hy_sim *sim)
{
    return hy_clock_now_ms() + sim->clock_ahead_ms;
}

int64_t hy_sim_day_of(int64_t now_ms)
{
    return (now_ms + 8 * (day_ms / 24)) / day_ms;
}

int64_t hy_sim_minute_of(int64_t now_ms)
{
    return now_ms / 60000;
}

int64_t hy_sim_month_of(int64_t now_ms)
{
    int year, month, day;

    hy_civil_from_days(hy_sim_day_of(now_ms), &year, &month, &day);
    return (int64_t)year * 12 + month;
}

int64_t hy_sim_counter_used(const struct hy_sim_counter *counter, int64_t window)
{
    return counter->window == window ? counter->used : 0;
}

bool hy_sim_counter_take(struct hy_sim_counter *counter, int64_t window, int64_t limit)
{
    int64_t used = hy_sim_counter_used(counter, window);

    if (used >= limit)
        return false;
    counter->window = window;
    counter->used = used + 1;
    return true;
}

struct hy_sim_app *hy_sim_app_add(struct hy_sim *sim, const char *appid, const char *secret)
{
    struct hy_sim_app *app = hy_arena_alloc(&sim->arena, sizeof *app);

    if (!app)
        return NULL;
    memcpy(app->appid, appid, strnlen(appid, HY_SIM_APPID_MAX));
    memcpy(app->secret, secret, strnlen(secret, HY_SIM_SECRET_MAX));
    hy_sim_original_id(&sim->ids, app->original_id);
    app->legacy_alive = true;
    app->push.sent_delay_ms = HY_SIM_SENT_DELAY_MS;
    app->sensitive = hy_sim_sensitive_words;
    app->tells_msgid = true;
    app->last_template = &app->templates;
    for (size_t i = 0; i < HY_SIM_CALLS_MAX; i++)
        app->day_limit[i] = -1;
    if (hy_sim_table_add(&sim->apps, &app->node) != 0)
        return NULL;
    *sim->last_app = app;
    sim->last_app = &app->next;
    return app;
}

struct hy_sim_user *hy_sim_user_add(struct hy_sim *sim, struct hy_sim_app *app)
{
    struct hy_sim_user *user = calloc(1, sizeof *user);

    if (!user)
        return NULL;
    hy_sim_openid(&sim->ids, user->openid);
    user->app = app;
    if (hy_sim_table_add(&sim->users, &user->node) != 0) {
        free(user);
        return NULL;
    }
    user->next = app->users;
    app->users = user;
    app->user_count++;
    return user;
}

static bool login_dead(const struct hy_sim_node *item, int64_t now_ms)
{
    const struct hy_sim_login *login = (const struct hy_sim_login *)item;

    return now_ms >= login->expires_ms + login_life_ms;
}

struct hy_sim_login *hy_sim_login_add(struct hy_sim *sim, struct hy_sim_user *user)
{
    struct hy_sim_login *login = calloc(1, sizeof *login);
    int64_t now_ms = hy_sim_now_ms(sim);

    if (!login)
        return NULL;
    if (sim->logins.count >= sim->logins_sweep_at) {
        hy_sim_table_sweep(&sim->logins, login_dead, now_ms);
        sim->logins_sweep_at = LOGINS_SWEEP_AT + 2 * sim->logins.count;
    }
    hy_sim_code_text(&sim->ids, login->code);
    login->user = user;
    login->expires_ms = now_ms + login_life_ms;
    if (hy_sim_table_add(&sim->logins, &login->node) == 0)
        return login;
    free(login);
    return NULL;
}

/* A used receipt must be told from an unknown one long after its week. */
static bool receipt_dead(const struct hy_sim_node *item, int64_t now_ms)
{
    const struct hy_sim_receipt *receipt = (const struct hy_sim_receipt *)item;

    return now_ms >= receipt->expires_ms + (receipt_memory_days - receipt_life_days) * day_ms;
}

struct hy_sim_receipt *hy_sim_receipt_add(struct hy_sim *sim, struct hy_sim_user *user,
                                          bool payment)
{
    size_t id_bytes = payment ? HY_SIM_PREPAY_ID_BYTES : HY_SIM_FORM_ID_BYTES;
    struct hy_sim_receipt *receipt = calloc(1, offsetof(struct hy_sim_receipt, id) + id_bytes);
    int64_t now_ms = hy_sim_now_ms(sim);

    if (!receipt)
        return NULL;
    if (sim->receipts.count >= sim->receipts_sweep_at) {
        hy_sim_table_sweep(&sim->receipts, receipt_dead, now_ms);
        sim->receipts_sweep_at = RECEIPTS_SWEEP_AT + 2 * sim->receipts.count;
    }
    if (payment)
        hy_sim_prepay_id(&sim->ids, now_ms, receipt->id);
    else
        hy_sim_form_id(&sim->ids, receipt->id);
    receipt->user = user;
    receipt->expires_ms = now_ms + receipt_life_days * day_ms;
    receipt->uses_left = payment ? 3 : 1;
    if (hy_sim_table_add(&sim->receipts, &receipt->node) == 0)
        return receipt;
    free(receipt);
    return NULL;
}

struct hy_sim_template *hy_sim_template_add(struct hy_sim *sim, struct hy_sim_app *app, int type,
                                            const char *title,
                                            const struct hy_sim_keyword *keywords, size_t count)
{
    struct hy_sim_template *t = hy_arena_alloc(&sim->arena, sizeof *t);

    if (!t)
        return NULL;
    hy_sim_template_id(&sim->ids, t->id);
    t->app = app;
    t->type = type;
    t->title = title;
    t->keywords = keywords;
    t->keyword_count = count;
    if (hy_sim_table_add(&sim->templates, &t->node) != 0)
        return NULL;
    *app->last_template = t;
    app->last_template = &t->next;
    return t;
}

struct hy_sim_template *hy_sim_template_find(const struct hy_sim *sim, const struct hy_sim_app *app,
                                             const char *id)
{
    struct hy_sim_template *t = hy_sim_table_find(&sim->templates, id);

    return t && t->app == app && !t->deleted ? t : NULL;
}

struct hy_sim_user *hy_sim_user_find(const struct hy_sim *sim, const struct hy_sim_app *app,
                                     const char *openid)
{
    struct hy_sim_user *user = hy_sim_table_find(&sim->users, openid);

    return user && user->app == app ? user : NULL;
}

struct hy_sim_permit *hy_sim_permit_of(struct hy_sim_user *user, struct hy_sim_template *tpl,
                                       bool add)
{
    struct hy_sim_permit *permit = user->permits;

    while (permit && permit->tpl != tpl)
        permit = permit->next;
    if (permit || !add)
        return permit;
    permit = calloc(1, sizeof *permit);
    if (!permit)
        return NULL;
    permit->tpl = tpl;
    permit->next = user->permits;
    user->permits = permit;
    return permit;
}
