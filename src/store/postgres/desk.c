/* The working set of a transaction: desk.h. */
#include "store/postgres/desk_wants.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* --- opening ---------------------------------------------------------------------------------- */

int hy_desk_open(struct hy_pg *pg)
{
    pg->working = (struct hy_desk *)calloc(1, sizeof *pg->working);
    if (!pg->working)
        return HY_E_NOMEM;
    hy_arena_init(&pg->working->arena);
    pg->desk.hooks = &hy_desk_hooks;
    hy_mem_empty(&pg->desk);
    return 0;
}

void hy_desk_close(struct hy_pg *pg)
{
    if (!pg->working)
        return;
    hy_desk_clear(pg);
    hy_desk_forget_hints(pg);
    hy_desk_forget_ahead(pg);
    hy_mem_empty(&pg->desk);
    hy_arena_deinit(&pg->working->arena);
    free(pg->working->event_ids);
    free(pg->working);
    pg->working = NULL;
}

const struct hy_mem_hooks hy_desk_hooks = {
    .due = hy_desk_due,
    .due_elsewhere = hy_desk_due_elsewhere,
    .missing = hy_desk_missing,
    .parked = hy_desk_parked,
    .held = hy_desk_held,
    .next_id = hy_desk_next_id,
};

/* --- memory ----------------------------------------------------------------------------------- */

void *hy_desk_alloc(struct hy_pg *pg, size_t bytes)
{
    return hy_mem_must(hy_arena_alloc(&pg->working->arena, bytes));
}

const char *hy_desk_text(struct hy_pg *pg, const char *text)
{
    return hy_mem_copy_text(&pg->working->arena, text);
}

void *hy_desk_kept(struct hy_pg *pg, enum hy_desk_keeper keeper, size_t bytes)
{
    void **kept = &pg->working->kept[keeper];

    if (!*kept)
        *kept = hy_desk_alloc(pg, bytes);
    return *kept;
}

void hy_desk_fail(struct hy_pg *pg, int error)
{
    if (pg->working->error == 0)
        pg->working->error = error;
}

int hy_desk_result(struct hy_pg *pg, int result)
{
    return pg->working->error < 0 ? pg->working->error : result;
}

/* --- fetching --------------------------------------------------------------------------------- */

size_t hy_desk_put_users(struct hy_pg_args *args, const struct hy_desk_wants *wants, unsigned part)
{
    size_t count = 0;

    hy_pg_columns_begin(args, "it");
    for (size_t i = 0; i < wants->users.count; i++) {
        const struct hy_desk_user *user = (const struct hy_desk_user *)wants->users.items[i];

        if (!(user->loading & part))
            continue;
        hy_pg_put_int(args, user->user->app_no);
        hy_pg_put_text(args, user->user->name);
        count++;
    }
    hy_pg_columns_end(args);
    return count;
}

size_t hy_desk_put_ids(struct hy_pg_args *args, const struct hy_vector *ids)
{
    hy_pg_columns_begin(args, "i");
    for (size_t i = 0; i < ids->count; i++)
        hy_pg_put_int(args, *(const int64_t *)ids->items[i]);
    hy_pg_columns_end(args);
    return ids->count;
}

static const struct hy_pg_sql users_of_messages = {
    "desk_users_of_messages", "SELECT m.id, m.app_no, m.\"user\" FROM unnest($1::int8[]) AS w (id) "
                              "CROSS JOIN LATERAL (SELECT id, app_no, "
                              "\"user\" FROM message WHERE id = w.id OFFSET 0) AS m"};

static int read_placed(struct hy_pg_rows *rows, void *arg)
{
    struct hy_pg *pg = (struct hy_pg *)arg;

    while (hy_pg_next(rows)) {
        int64_t id = hy_pg_int(rows, 0);

        hy_desk_want_message_of(pg, id, hy_pg_int(rows, 1), hy_pg_text(rows, 2),
                                hy_desk_parts_wanted(pg, id), false);
    }
    return 0;
}

/* Finds out whose the messages are; whoever isn't found is nobody's. */
static int place(struct hy_pg *pg)
{
    struct hy_vector unplaced = pg->working->wants.unplaced;

    pg->working->wants.unplaced = (struct hy_vector){0};
    hy_desk_put_ids(hy_pg_args(pg->link), &unplaced);
    hy_vector_deinit(&unplaced);
    hy_pg_queue(pg->link, &users_of_messages, read_placed, pg);
    return hy_pg_drain(pg->link);
}

static void free_wants(struct hy_desk_wants *wants)
{
    hy_vector_deinit(&wants->users);
    hy_vector_deinit(&wants->messages);
    hy_vector_deinit(&wants->fresh);
    hy_vector_deinit(&wants->grants);
    hy_vector_deinit(&wants->keys);
    hy_vector_deinit(&wants->credentials);
    hy_vector_deinit(&wants->identities);
    hy_vector_deinit(&wants->spans);
    hy_vector_deinit(&wants->unplaced);
    *wants = (struct hy_desk_wants){0};
}

static bool any(const struct hy_desk_wants *w)
{
    return w->users.count + w->messages.count + w->fresh.count + w->grants.count + w->keys.count +
                   w->credentials.count + w->identities.count + w->spans.count >
               0 ||
           w->apps;
}

static int load_more(struct hy_pg *pg, const struct hy_desk_wants *wants)
{
    bool more = false;

    for (size_t i = 0; hy_desk_kinds[i]; i++)
        if (hy_desk_kinds[i]->load_more) {
            hy_desk_kinds[i]->load_more(pg, wants);
            more = true;
        }
    return more ? hy_pg_drain(pg->link) : 0;
}

/* What is wanted meanwhile is for the next round. */
static int fetch_round(struct hy_pg *pg)
{
    struct hy_desk_wants wants = pg->working->wants;
    int err;

    pg->working->wants = (struct hy_desk_wants){0};
    for (size_t i = 0; i < wants.users.count; i++) {
        struct hy_desk_user *user = (struct hy_desk_user *)wants.users.items[i];

        user->loading = user->wanted & ~user->there;
        user->there |= user->loading;
    }
    hy_desk_lock_users(pg, &wants.users);
    for (size_t i = 0; hy_desk_kinds[i]; i++)
        hy_desk_kinds[i]->load(pg, &wants);
    err = hy_pg_drain(pg->link);
    if (err == 0)
        err = load_more(pg, &wants);
    free_wants(&wants);
    return err;
}

int hy_desk_fetch(struct hy_pg *pg)
{
    const struct hy_desk_wants *wants = &pg->working->wants;
    int err = 0;

    while (err == 0 && (wants->unplaced.count > 0 || any(wants)))
        err = wants->unplaced.count > 0 ? place(pg) : fetch_round(pg);
    if (err < 0)
        hy_desk_fail(pg, err);
    return err;
}

/* --- the end ---------------------------------------------------------------------------------- */

void hy_desk_flush(struct hy_pg *pg)
{
    if (!pg->working)
        return;
    for (size_t i = 0; hy_desk_kinds[i]; i++)
        hy_desk_kinds[i]->flush(pg);
    hy_desk_tally_flush(pg);
}

/* All but which locks are held. */
static void empty(struct hy_pg *pg)
{
    struct hy_desk *desk = pg->working;

    for (size_t i = 0; hy_desk_kinds[i]; i++)
        if (hy_desk_kinds[i]->clear)
            hy_desk_kinds[i]->clear(pg);
    hy_desk_tally_clear(pg);
    for (size_t i = 0; i < desk->users.count; i++)
        hy_vector_deinit(&((struct hy_desk_user *)desk->users.items[i])->grants);
    hy_vector_deinit(&desk->users);
    desk->users = (struct hy_vector){0};
    free_wants(&desk->wants);
    hy_map_deinit(&desk->ids);
    desk->ids = (struct hy_map){0};
    hy_map_deinit(&desk->seen);
    desk->seen = (struct hy_map){0};
    memset(desk->kept, 0, sizeof desk->kept);
    hy_mem_empty(&pg->desk);
    hy_arena_reset(&desk->arena);
}

/* Then what is queued may wait for the next answer that somebody needs. */
static bool is_empty(const struct hy_pg *pg)
{
    const struct hy_backend *b = &pg->desk;

    return pg->working->users.count + b->messages.count + b->grants.count + b->events.count +
                   b->outcomes.count + b->broadcasts.count + b->key_uses.count +
                   b->identities.count ==
               0 &&
           !pg->working->kept[HY_DESK_KEEPS_TALLY] && !pg->working->kept[HY_DESK_KEEPS_LANES];
}

void hy_desk_wait_shortly(struct hy_pg *pg)
{
    static const struct hy_pg_sql sql = {"desk_wait_shortly",
                                         "SELECT set_config('lock_timeout', '500ms', true)"};

    if (pg->working->shortly)
        return;
    pg->working->shortly = true;
    hy_pg_args(pg->link);
    hy_pg_queue(pg->link, &sql, NULL, NULL);
}

int hy_desk_put_away(struct hy_pg *pg)
{
    int err;

    if (is_empty(pg))
        return pg->working->error;
    hy_desk_flush(pg);
    hy_desk_wait_shortly(pg);
    err = hy_pg_drain(pg->link);
    empty(pg);
    return err < 0 ? err : pg->working->error;
}

void hy_desk_clear(struct hy_pg *pg)
{
    if (!pg->working)
        return;
    empty(pg);
    hy_desk_forget_locks(pg);
    pg->working->shortly = false;
    pg->working->error = 0;
}
