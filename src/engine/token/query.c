/*
 * query.c - answering those who ask for a token: at once while there is a good one, otherwise
 * when the refresh under way ends, here or on another node.
 */
#include "base/err.h"
#include "crypto/secret.h"
#include "engine/internal.h"

#include <stdio.h>
#include <stdlib.h>

/* Whoever says that a token is bad does not get that one. */
static bool is_another(const struct hy_keeper *k, const struct hy_token_query *query)
{
    return !query->bad_token[0] || !hy_secret_text_equal(query->bad_token, k->access);
}

static void answer(struct hy_engine *engine, struct hy_lane *lane, struct hy_token_query *query)
{
    struct hy_keeper *k = &lane->keeper;

    if (hy_keeper_alive(engine, k) && is_another(k, query) && !(query->refresh && k->error[0])) {
        query->result = 0;
        snprintf(query->access_token, sizeof query->access_token, "%s", k->access);
        query->expires_at_ms = k->expires_at_ms;
    } else {
        query->result = HY_E_BUSY;
        snprintf(query->error, sizeof query->error, "%s",
                 k->error[0] ? k->error : "the platform gave no other token yet");
    }
    query->done(query, query->arg);
}

void hy_keeper_answer_all(struct hy_engine *engine, struct hy_lane *lane)
{
    struct hy_token_query *waiting = lane->keeper.waiting;

    lane->keeper.waiting = NULL;
    while (waiting) {
        struct hy_token_query *next = waiting->next;

        answer(engine, lane, waiting);
        waiting = next;
    }
}

struct query_mail {
    struct hy_mail mail;
    struct hy_token_query *query;
};

static bool replaces(const struct hy_keeper *k, const struct hy_token_query *query)
{
    return query->refresh && (!query->bad_token[0] || !is_another(k, query));
}

static void opened(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_token_query *query = ((struct query_mail *)mail)->query;
    struct hy_lane *lane;
    struct hy_keeper *k;

    free(mail);
    lane = hy_lane_find(engine, query->app_no);
    if (!lane || lane->app->app.deleted_at_ms) {
        query->result = HY_E_NOT_FOUND;
        query->done(query, query->arg);
        return;
    }
    k = &lane->keeper;
    if (replaces(k, query)) {
        if (query->bad_token[0])
            k->refused = true;
        k->wanted = true;
        if (k->phase == HY_KEEPER_IDLE && k->failures)
            k->retry_at_ms = 0; /* a person asks: try now */
    } else if (hy_keeper_alive(engine, k) && !k->refused) {
        query->refresh = false;
        answer(engine, lane, query);
        return;
    }
    query->next = k->waiting;
    k->waiting = query;
}

void hy_engine_token(struct hy_engine *engine, struct hy_token_query *query)
{
    struct query_mail *mail = malloc(sizeof *mail);

    query->engine = engine;
    if (!mail) {
        query->result = HY_E_NOMEM;
        query->done(query, query->arg);
        return;
    }
    mail->mail.open = opened;
    mail->query = query;
    hy_engine_post(engine, &mail->mail);
}
