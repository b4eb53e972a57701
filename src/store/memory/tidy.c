/* What is only kept for a while. */
#include "store/memory/memory.h"

static const int64_t day_ms = 86400000;

struct tidying {
    struct hy_backend *b;
    struct hy_tidy *verb;
    struct hy_vector old; /* identities */
};

static bool old(const struct tidying *t, int64_t at_ms, int64_t kept_ms)
{
    return at_ms + kept_ms <= t->verb->now_ms && t->verb->tidied < t->verb->limit;
}

static void find_identity(void *value, void *arg)
{
    struct hy_mem_identity *identity = (struct hy_mem_identity *)value;
    struct tidying *t = (struct tidying *)arg;

    if (!old(t, identity->at_ms, HY_IDENTITY_KEPT_MS))
        return;
    hy_vector_push(&t->old, identity);
    t->verb->tidied++;
}

static void forget_identities(struct tidying *t)
{
    hy_map_each(&t->b->identities, find_identity, t);
    for (size_t i = 0; i < t->old.count; i++) {
        struct hy_mem_identity *identity = (struct hy_mem_identity *)t->old.items[i];

        hy_map_remove(&t->b->identities, identity->app_no, identity->bytes, HY_IDENTITY_BYTES);
        hy_mem_identity_free(identity);
    }
    hy_vector_deinit(&t->old);
}

static void tidy_heard(struct tidying *t, struct hy_mem_user *user)
{
    for (size_t i = user->heard.count; i > 0; i--) {
        struct hy_mem_heard *heard = (struct hy_mem_heard *)user->heard.items[i - 1];

        if (!old(t, heard->until_ms, 0))
            continue;
        hy_vector_remove(&user->heard, i - 1);
        hy_mem_heard_free(heard);
        t->verb->tidied++;
    }
}

static void tidy_user(void *value, void *arg)
{
    struct hy_mem_user *user = (struct hy_mem_user *)value;
    struct tidying *t = (struct tidying *)arg;

    for (size_t i = user->awaiting.count; i > 0; i--) {
        struct hy_mem_message *m = (struct hy_mem_message *)user->awaiting.items[i - 1];

        if (!old(t, m->noted_at_ms, 3 * day_ms))
            continue;
        hy_mem_await_none(m);
        t->verb->tidied++;
    }
    for (size_t i = user->early.count; i > 0; i--) {
        struct hy_mem_early *event = (struct hy_mem_early *)user->early.items[i - 1];

        if (!old(t, event->kept_at_ms, day_ms))
            continue;
        hy_vector_remove(&user->early, i - 1);
        hy_mem_early_free(event);
        t->verb->tidied++;
    }
    tidy_heard(t, user);
}

static void forget_cuts(struct tidying *t)
{
    struct hy_vector *cuts = &t->b->cuts;

    for (size_t i = cuts->count; i > 0; i--) {
        struct hy_session_cut_row *cut = (struct hy_session_cut_row *)cuts->items[i - 1];

        if (!old(t, cut->at_ms, 30 * day_ms))
            continue;
        hy_vector_remove(cuts, i - 1);
        hy_mem_cut_free(cut);
        t->verb->tidied++;
    }
}

int hy_mem_tidy(struct hy_backend *b, struct hy_op *op)
{
    struct tidying t = {.b = b, .verb = (struct hy_tidy *)op};

    t.verb->tidied = 0;
    forget_identities(&t);
    hy_map_each(&b->users, tidy_user, &t);
    forget_cuts(&t);
    return 0;
}
