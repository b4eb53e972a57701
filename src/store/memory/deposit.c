/* What users gave and answered, and who told us: domain/answer.h. */
#include "store/memory/memory.h"

#include <stdlib.h>
#include <string.h>

/* --- identities ------------------------------------------------------------------------------- */

bool hy_mem_identity_known(const struct hy_backend *b, int64_t app_no, const uint8_t *identity)
{
    return hy_map_get(&b->identities, app_no, identity, HY_IDENTITY_BYTES) != NULL;
}

bool hy_mem_identity_new(struct hy_backend *b, int64_t app_no, const uint8_t *identity,
                         int64_t at_ms)
{
    struct hy_mem_identity *added;

    if (hy_mem_identity_known(b, app_no, identity))
        return false;
    added = (struct hy_mem_identity *)hy_mem_alloc(sizeof *added);
    added->app_no = app_no;
    memcpy(added->bytes, identity, HY_IDENTITY_BYTES);
    added->at_ms = at_ms;
    hy_map_put(&b->identities, app_no, identity, HY_IDENTITY_BYTES, added);
    return true;
}

/* --- counters --------------------------------------------------------------------------------- */

struct hy_mem_grant *hy_mem_counter(const struct hy_mem_user *user, const char *template_id)
{
    for (size_t i = 0; i < user->grants.count; i++) {
        struct hy_mem_grant *grant = (struct hy_mem_grant *)user->grants.items[i];

        if (grant->g.template_id && strcmp(grant->g.template_id, template_id) == 0)
            return grant;
    }
    return NULL;
}

const struct hy_mem_newest *hy_mem_newest(const struct hy_mem_user *user, const char *template_id)
{
    for (size_t i = 0; i < user->newest.count; i++) {
        const struct hy_mem_newest *n = (const struct hy_mem_newest *)user->newest.items[i];

        if (strcmp(n->template_id, template_id) == 0)
            return n;
    }
    return NULL;
}

/* When the user withdrew the template in the settings the last time; 0 = never. */
static int64_t withdrawn_at(const struct hy_mem_user *user, const char *template_id)
{
    const struct hy_mem_newest *n = hy_mem_newest(user, template_id);

    return n ? n->withdrawn_at_ms : 0;
}

static void note_newest(struct hy_mem_user *user, const struct hy_deposit_item *item)
{
    int64_t at_ms = item->grant.obtained_at_ms;
    struct hy_mem_newest *n =
        (struct hy_mem_newest *)(uintptr_t)hy_mem_newest(user, item->grant.template_id);

    if (!n) {
        n = (struct hy_mem_newest *)hy_mem_alloc(sizeof *n);
        n->template_id = hy_mem_text(item->grant.template_id);
        hy_vector_push(&user->newest, n);
    }
    if (at_ms >= n->at_ms) {
        n->kind = item->answer;
        n->at_ms = at_ms;
    }
    if (item->answer == HY_ANSWER_WITHDRAW && at_ms > n->withdrawn_at_ms)
        n->withdrawn_at_ms = at_ms;
}

/* The answers that this tell might mean, as hy_answer_pair() takes them: a copy, and where each
 * is. */
struct candidates {
    struct hy_answer *answers;
    struct hy_answer **stored;
    size_t count;
};

static struct candidates candidates(const struct hy_mem_user *user,
                                    const struct hy_deposit_item *item)
{
    const struct hy_grant *g = &item->grant;
    size_t most = user->answers.count;
    int64_t from_ms, to_ms;
    struct candidates c = {
        .answers = (struct hy_answer *)hy_mem_alloc((most + 1) * sizeof *c.answers),
        .stored = (struct hy_answer **)hy_mem_alloc((most + 1) * sizeof(struct hy_answer *)),
    };

    hy_answer_span(item->answer, g->obtained_at_ms, item->window_ms,
                   withdrawn_at(user, g->template_id), &from_ms, &to_ms);
    for (size_t i = 0; i < most; i++) {
        struct hy_answer *a = (struct hy_answer *)user->answers.items[i];

        if (a->at_ms < from_ms || a->at_ms > to_ms || strcmp(a->template_id, g->template_id) != 0)
            continue;
        c.stored[c.count] = a;
        c.answers[c.count++] = *a;
    }
    return c;
}

static void add_answer(struct hy_backend *b, struct hy_mem_user *user,
                       const struct hy_deposit_item *item, int32_t taps)
{
    struct hy_answer *added = (struct hy_answer *)hy_mem_alloc(sizeof *added);

    added->id = hy_mem_next_id(b, HY_MEM_ANSWER_ID);
    added->app_no = user->app_no;
    added->user = user->name;
    added->template_id = hy_mem_text(item->grant.template_id);
    added->kind = item->answer;
    added->uses = taps;
    added->told[item->source] = taps;
    added->at_ms = item->grant.obtained_at_ms;
    hy_vector_push(&user->answers, added);
}

/* Returns how many of the taps that are told nobody had told. */
static int32_t pair(struct candidates *c, const struct hy_deposit_item *item)
{
    const struct hy_grant *g = &item->grant;
    int32_t taps = g->uses_total;

    while (taps > 0) {
        size_t at = hy_answer_pair(c->answers, c->count, item->source, item->answer,
                                   g->obtained_at_ms, item->window_ms);

        if (at == c->count)
            break;
        c->answers[at].told[item->source]++;
        c->stored[at]->told[item->source]++;
        taps--;
    }
    return taps;
}

/* As pair(); what is new is part of an answer now. */
static int32_t pair_or_add(struct hy_backend *b, struct hy_mem_user *user,
                           const struct hy_deposit_item *item)
{
    struct candidates c = candidates(user, item);
    int32_t taps = pair(&c, item);
    size_t at = hy_answer_join(c.answers, c.count, item->answer, item->grant.obtained_at_ms, taps);

    if (taps > 0 && at < c.count)
        hy_answer_add(c.stored[at], item->source, taps);
    else if (taps > 0)
        add_answer(b, user, item, taps);
    if (taps > 0)
        note_newest(user, item);
    free(c.answers);
    free(c.stored);
    return taps;
}

/* True when the counter changed, so that somebody may have waited for that. */
static bool accept(struct hy_backend *b, struct hy_mem_user *user, struct hy_deposit_item *item,
                   int32_t taps)
{
    struct hy_mem_grant *counter = hy_mem_counter(user, item->grant.template_id);
    struct hy_grant g = item->grant;
    bool turns = counter && counter->g.kind == HY_GRANT_ONCE && item->grant.kind == HY_GRANT_ALWAYS;

    if (g.obtained_at_ms <= withdrawn_at(user, g.template_id) || (taps == 0 && !turns))
        return false;
    item->added = taps;
    if (counter) {
        g = counter->g;
        hy_grant_accept(&g, item->grant.kind, taps, item->grant.obtained_at_ms);
        hy_mem_grant_change(counter, &g);
        return true;
    }
    g.uses_total = g.uses_left = taps;
    hy_mem_grant_add(b, &g);
    return true;
}

static bool tell(struct hy_backend *b, struct hy_deposit_item *item, int64_t now_ms)
{
    struct hy_grant *g = &item->grant;
    struct hy_mem_user *user = hy_mem_user_made(b, g->app_no, g->user);
    struct hy_mem_grant *counter;
    bool changed = false;
    int32_t taps = 0;

    if (!item->identity ||
        hy_mem_identity_new(b, g->app_no, item->identity, item->identity_at_ms)) {
        taps = pair_or_add(b, user, item);
        if (item->answer == HY_ANSWER_ACCEPT)
            changed = accept(b, user, item, taps);
    }
    counter = hy_mem_counter(user, g->template_id);
    if (counter && taps > 0 && item->answer == HY_ANSWER_WITHDRAW) {
        enum hy_grant_state before = counter->g.state;
        struct hy_grant after = counter->g;

        if (hy_grant_withdraw(&after, g->obtained_at_ms, "withdrawn")) {
            hy_mem_grant_change(counter, &after);
            hy_mem_tell_revoked(b, &counter->g, before, now_ms);
        }
    }
    item->duplicate = taps == 0;
    g->id = counter ? counter->g.id : 0;
    return changed;
}

/* --- receipts --------------------------------------------------------------------------------- */

static bool take_receipt(struct hy_backend *b, struct hy_deposit_item *item)
{
    struct hy_grant *g = &item->grant;
    const struct hy_mem_grant *stored = (const struct hy_mem_grant *)hy_map_get(
        &b->credentials, g->app_no, g->credential, strlen(g->credential));

    item->duplicate = stored != NULL;
    if (!stored) {
        stored = hy_mem_grant_add(b, g);
        item->added = g->uses_total;
    }
    g->id = stored->g.id;
    return !item->duplicate;
}

size_t hy_mem_deposit_items(struct hy_backend *b, struct hy_deposit_item *items, size_t count,
                            int64_t now_ms)
{
    bool *changed = (bool *)hy_mem_alloc((count + 1) * sizeof *changed);
    size_t woken = 0;

    for (size_t i = 0; i < count; i++) {
        struct hy_grant *g = &items[i].grant;

        g->uses_reserved = 0;
        g->refusals = 0;
        g->retry_at_ms = 0;
        items[i].added = 0;
        changed[i] =
            hy_grant_is_receipt(g->kind) ? take_receipt(b, &items[i]) : tell(b, &items[i], now_ms);
        hy_mem_tell_added(b, &items[i], now_ms);
    }
    for (size_t i = 0; i < count; i++)
        if (changed[i])
            woken += hy_mem_wake(b, hy_mem_user(b, items[i].grant.app_no, items[i].grant.user),
                                 now_ms, items[i].margin_ms);
    free(changed);
    return woken;
}

int hy_mem_deposit(struct hy_backend *b, struct hy_op *op)
{
    struct hy_deposit *v = (struct hy_deposit *)op;

    v->woken = hy_mem_deposit_items(b, v->items, v->count, v->now_ms);
    return 0;
}
