/* Who can be reached, and who is worth asking. Counted anew each time: this is the plain truth. */
#include "store/memory/memory.h"

#include "domain/reservation.h"

#include <string.h>

/* --- reach ------------------------------------------------------------------------------------ */

struct reaching {
    struct hy_reach *verb;
    bool by_counters;
};

static bool is_counter_of(const struct hy_grant *g, const char *template_id)
{
    return !hy_grant_is_receipt(g->kind) && strcmp(g->template_id, template_id) == 0;
}

bool hy_mem_by_counters(const struct hy_backend *b, int64_t app_no, const char *template_id,
                        enum hy_template_kind kind)
{
    if (kind != HY_TEMPLATE_ANY)
        return kind != HY_TEMPLATE_LEGACY;
    return hy_map_get(&b->counted, app_no, template_id, strlen(template_id)) != NULL;
}

int64_t hy_mem_free_uses(const struct hy_mem_user *user, const char *template_id, bool by_counters,
                         int64_t now_ms, int64_t margin_ms)
{
    int64_t uses = 0;

    for (size_t i = 0; i < user->grants.count; i++) {
        const struct hy_grant *g = &((const struct hy_mem_grant *)user->grants.items[i])->g;

        if (g->state == HY_GRANT_AVAILABLE && hy_grant_usable(g, now_ms, margin_ms) &&
            (by_counters ? is_counter_of(g, template_id) : hy_grant_is_receipt(g->kind)))
            uses += g->uses_left - g->uses_reserved;
    }
    return uses;
}

static void reach_user(void *value, void *arg)
{
    const struct hy_mem_user *user = (const struct hy_mem_user *)value;
    const struct reaching *r = (const struct reaching *)arg;
    struct hy_reach *v = r->verb;
    int64_t uses;

    if (user->app_no != v->app_no)
        return;
    uses = hy_mem_free_uses(user, v->template_id, r->by_counters, v->now_ms, v->margin_ms);
    v->uses += uses;
    v->users += uses > 0;
}

int hy_mem_reach(struct hy_backend *b, struct hy_op *op)
{
    struct hy_reach *v = (struct hy_reach *)op;
    struct reaching r = {v, hy_mem_by_counters(b, v->app_no, v->template_id, v->template_kind)};

    v->users = 0;
    v->uses = 0;
    hy_map_each(&b->users, reach_user, &r);
    return 0;
}

/* --- prospects -------------------------------------------------------------------------------- */

enum { WAITING_MAX = 100 };

static void look_at_waiting(struct hy_prospect *p, const struct hy_mem_user *user)
{
    for (size_t i = 0; i < user->waiting.count && p->waiting < WAITING_MAX; i++) {
        const struct hy_mem_message *m = (const struct hy_mem_message *)user->waiting.items[i];

        p->waiting += strcmp(m->m.template_id, p->template_id) == 0;
    }
}

static void look_at_answers(struct hy_prospect *p, const struct hy_mem_user *user)
{
    const struct hy_mem_newest *n = hy_mem_newest(user, p->template_id);

    if (!n || n->at_ms == 0)
        return;
    p->answered_at_ms = n->at_ms;
    p->answer = n->kind;
}

static void look_at_grants(const struct hy_prospects *v, struct hy_prospect *p,
                           const struct hy_mem_user *user)
{
    const struct hy_mem_grant *counter = hy_mem_counter(user, p->template_id);

    if (counter)
        hy_mem_copy_grant(v->arena, &p->counter, &counter->g);
    for (size_t i = 0; i < user->grants.count; i++) {
        const struct hy_grant *g = &((const struct hy_mem_grant *)user->grants.items[i])->g;

        if (hy_grant_fits(g, p->template_id, p->template_kind) &&
            hy_grant_usable(g, v->now_ms, v->margin_ms))
            p->available += g->uses_left - g->uses_reserved;
    }
}

int hy_mem_prospects(struct hy_backend *b, struct hy_op *op)
{
    struct hy_prospects *v = (struct hy_prospects *)op;
    const struct hy_mem_user *user = hy_mem_user(b, v->app_no, v->user);

    for (size_t i = 0; i < v->count; i++) {
        struct hy_prospect *p = &v->items[i];

        *p = (struct hy_prospect){.template_id = p->template_id, .template_kind = p->template_kind};
        if (!user)
            continue;
        look_at_grants(v, p, user);
        look_at_waiting(p, user);
        look_at_answers(p, user);
    }
    return 0;
}
