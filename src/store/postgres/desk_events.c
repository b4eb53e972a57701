/* What the platform told: events as they came, who awaits one, and what came too early. */
#include "store/postgres/desk_wants.h"

#include "base/err.h"

struct was_awaiting {
    int64_t message_id, app_no;
    const char *user;
    int64_t left_at_ms, noted_at_ms;
    bool stored; /* false: it is gone */
};

struct was_early {
    int64_t id;
    struct hy_mem_user *user;
    bool gone;
};

struct kept {
    struct hy_map awaiting; /* message id -> was_awaiting */
    struct hy_vector early; /* was_early */
    size_t events;          /* so many of the desk's are stored */
};

static struct kept *kept(struct hy_pg *pg)
{
    return (struct kept *)hy_desk_kept(pg, HY_DESK_KEEPS_EVENTS, sizeof(struct kept));
}

/* --- loading ---------------------------------------------------------------------------------- */

static const struct hy_pg_sql awaiting_of_users = {
    "desk_awaiting", "SELECT a.message_id, a.left_at_ms, a.noted_at_ms"
                     " FROM unnest($1::int8[], $2::text[]) AS w (app_no, name)"
                     " CROSS JOIN LATERAL (SELECT * FROM awaiting WHERE app_no = w.app_no"
                     "  AND \"user\" = w.name OFFSET 0) a"};
static const struct hy_pg_sql early_of_users = {
    "desk_early", "SELECT e.app_no, e.\"user\", e.id, e.template_id, e.msgid, e.delivered, "
                  "e.reason, e.created_at_ms,"
                  " e.received_at_ms FROM unnest($1::int8[], $2::text[]) AS w (app_no, name)"
                  " CROSS JOIN LATERAL (SELECT * FROM early WHERE app_no = w.app_no AND \"user\" = "
                  "w.name OFFSET 0) e"
                  " ORDER BY e.id"};

static void awaiting_is_stored(struct hy_pg *pg, const struct hy_mem_message *m)
{
    struct was_awaiting *was =
        (struct was_awaiting *)hy_map_get(&kept(pg)->awaiting, m->m.id, "", 0);

    if (!was)
        was = (struct was_awaiting *)hy_desk_alloc(pg, sizeof *was);
    *was = (struct was_awaiting){m->m.id,       m->m.app_no,    m->user->name,
                                 m->left_at_ms, m->noted_at_ms, true};
    hy_map_put(&kept(pg)->awaiting, m->m.id, "", 0, was);
}

/* The messages themselves are here already: desk_messages.c. */
static int read_awaiting(struct hy_pg_rows *rows, void *arg)
{
    struct hy_pg *pg = (struct hy_pg *)arg;

    while (hy_pg_next(rows)) {
        struct hy_mem_message *m = hy_mem_message(&pg->desk, hy_pg_int(rows, 0));

        if (!m)
            continue; /* the message went, and tidy takes the row */
        hy_mem_await(m, hy_pg_int(rows, 1), hy_pg_int(rows, 2));
        awaiting_is_stored(pg, m);
    }
    return 0;
}

static void early_is_stored(struct hy_pg *pg, struct hy_mem_user *user, struct hy_mem_early *e,
                            int64_t id)
{
    struct was_early *was = (struct was_early *)hy_desk_alloc(pg, sizeof *was);

    e->stored_id = id;
    was->id = id;
    was->user = user;
    hy_vector_push(&kept(pg)->early, was);
}

static int read_early(struct hy_pg_rows *rows, void *arg)
{
    struct hy_pg *pg = (struct hy_pg *)arg;

    while (hy_pg_next(rows)) {
        struct hy_mem_user *user = hy_mem_user(&pg->desk, hy_pg_int(rows, 0), hy_pg_text(rows, 1));
        struct hy_mem_early *e = (struct hy_mem_early *)hy_mem_alloc(sizeof *e);

        e->template_id = hy_mem_text(hy_pg_text(rows, 3));
        e->msgid = hy_pg_int(rows, 4);
        e->delivered = hy_pg_int(rows, 5) != 0;
        e->reason = hy_mem_text(hy_pg_text(rows, 6));
        e->created_at_ms = hy_pg_int(rows, 7);
        e->kept_at_ms = hy_pg_int(rows, 8);
        hy_vector_push(&user->early, e);
        early_is_stored(pg, user, e, hy_pg_int(rows, 2));
    }
    return 0;
}

static void load(struct hy_pg *pg, const struct hy_desk_wants *wants)
{
    hy_desk_load_event_ids(pg, wants->events);
    if (hy_desk_put_users(hy_pg_args(pg->link), wants, HY_DESK_LISTS) == 0)
        return;
    hy_pg_queue(pg->link, &awaiting_of_users, read_awaiting, pg);
    hy_desk_put_users(hy_pg_args(pg->link), wants, HY_DESK_LISTS);
    hy_pg_queue(pg->link, &early_of_users, read_early, pg);
}

/* --- storing: who awaits one ------------------------------------------------------------------ */

static const struct hy_pg_sql put_awaiting = {
    "desk_awaiting_put",
    "INSERT INTO awaiting (app_no, \"user\", message_id, left_at_ms, noted_at_ms) SELECT * FROM"
    " unnest($1::int8[], $2::text[], $3::int8[], $4::int8[], $5::int8[])"
    " ON CONFLICT (app_no, \"user\", message_id) DO UPDATE SET left_at_ms = excluded.left_at_ms,"
    " noted_at_ms = excluded.noted_at_ms"};
static const struct hy_pg_sql delete_awaiting = {
    "desk_awaiting_delete",
    "DELETE FROM awaiting a USING unnest($1::int8[], $2::text[], $3::int8[]) AS w (app_no, name, "
    "id)"
    " WHERE a.app_no = w.app_no AND a.\"user\" = w.name AND a.message_id = w.id"};

static bool differs(struct hy_pg *pg, const struct hy_mem_message *m)
{
    const struct was_awaiting *was =
        (const struct was_awaiting *)hy_map_get(&kept(pg)->awaiting, m->m.id, "", 0);

    return !was || !was->stored || was->left_at_ms != m->left_at_ms ||
           was->noted_at_ms != m->noted_at_ms;
}

/* How many. */
static size_t put_user(struct hy_pg *pg, struct hy_pg_args *args, const struct hy_mem_user *user)
{
    size_t count = 0;

    for (size_t i = 0; i < user->awaiting.count; i++) {
        const struct hy_mem_message *m = (const struct hy_mem_message *)user->awaiting.items[i];

        if (!differs(pg, m))
            continue;
        hy_pg_put_int(args, user->app_no);
        hy_pg_put_text(args, user->name);
        hy_pg_put_int(args, m->m.id);
        hy_pg_put_int(args, m->left_at_ms);
        hy_pg_put_int(args, m->noted_at_ms);
        awaiting_is_stored(pg, m);
        count++;
    }
    return count;
}

struct going {
    struct hy_pg *pg;
    struct hy_pg_args *args;
    size_t count;
};

static void put_gone(void *value, void *arg)
{
    struct was_awaiting *was = (struct was_awaiting *)value;
    struct going *g = (struct going *)arg;
    const struct hy_mem_message *m = hy_mem_message(&g->pg->desk, was->message_id);

    if (!was->stored || (m && m->awaits_event))
        return;
    hy_pg_put_int(g->args, was->app_no);
    hy_pg_put_text(g->args, was->user);
    hy_pg_put_int(g->args, was->message_id);
    was->stored = false;
    g->count++;
}

static void store_awaiting(struct hy_pg *pg)
{
    struct going g = {.pg = pg, .args = hy_pg_args(pg->link)};
    size_t count = 0;

    hy_pg_columns_begin(g.args, "iti");
    hy_map_each(&kept(pg)->awaiting, put_gone, &g);
    hy_pg_columns_end(g.args);
    if (g.count > 0)
        hy_pg_queue(pg->link, &delete_awaiting, NULL, NULL);
    g.args = hy_pg_args(pg->link);
    hy_pg_columns_begin(g.args, "itiii");
    for (size_t i = 0; i < pg->working->users.count; i++)
        count +=
            put_user(pg, g.args, ((const struct hy_desk_user *)pg->working->users.items[i])->user);
    hy_pg_columns_end(g.args);
    if (count > 0)
        hy_pg_queue(pg->link, &put_awaiting, NULL, NULL);
}

/* --- storing: what came early ----------------------------------------------------------------- */

static const struct hy_pg_sql add_early = {
    "desk_early_add",
    "INSERT INTO early (app_no, \"user\", template_id, msgid, delivered, reason, created_at_ms,"
    " received_at_ms) SELECT w.app_no, w.name, w.template_id, w.msgid, w.delivered <> 0, w.reason,"
    " w.created_at_ms, w.received_at_ms FROM unnest($1::int8[], $2::text[], $3::text[], $4::int8[],"
    " $5::int8[], $6::text[], $7::int8[], $8::int8[]) AS w (app_no, name, template_id, msgid, "
    "delivered,"
    " reason, created_at_ms, received_at_ms) RETURNING id"};
static const struct hy_pg_sql delete_early = {"desk_early_delete",
                                              "DELETE FROM early WHERE id = ANY($1::int8[])"};

/* Those of the statement, in its order: its ids come likewise. */
struct adding {
    struct hy_pg *pg;
    struct new_early {
        struct hy_mem_user *user;
        struct hy_mem_early *early;
    } * items;
    size_t count;
};

static int take_early_ids(struct hy_pg_rows *rows, void *arg)
{
    const struct adding *a = (const struct adding *)arg;

    for (size_t i = 0; hy_pg_next(rows) && i < a->count; i++)
        early_is_stored(a->pg, a->items[i].user, a->items[i].early, hy_pg_int(rows, 0));
    return 0;
}

static void collect_new(struct adding *a, struct hy_mem_user *user)
{
    for (size_t i = 0; i < user->early.count; i++) {
        struct hy_mem_early *e = (struct hy_mem_early *)user->early.items[i];

        if (e->stored_id != 0)
            continue;
        if (a->items)
            a->items[a->count] = (struct new_early){user, e};
        a->count++;
    }
}

static void collect_all(struct hy_pg *pg, struct adding *a)
{
    a->count = 0;
    for (size_t i = 0; i < pg->working->users.count; i++)
        collect_new(a, ((struct hy_desk_user *)pg->working->users.items[i])->user);
}

static void add_new(struct hy_pg *pg)
{
    struct adding *a = (struct adding *)hy_desk_alloc(pg, sizeof *a);
    struct hy_pg_args *args = hy_pg_args(pg->link);

    a->pg = pg;
    collect_all(pg, a);
    if (a->count == 0)
        return;
    a->items = (struct new_early *)hy_desk_alloc(pg, a->count * sizeof *a->items);
    collect_all(pg, a);
    hy_pg_columns_begin(args, "ittiitii");
    for (size_t i = 0; i < a->count; i++) {
        const struct hy_mem_early *e = a->items[i].early;

        hy_pg_put_int(args, a->items[i].user->app_no);
        hy_pg_put_text(args, a->items[i].user->name);
        hy_pg_put_text(args, e->template_id);
        hy_pg_put_int(args, e->msgid);
        hy_pg_put_int(args, e->delivered);
        hy_pg_put_text(args, e->reason);
        hy_pg_put_int(args, e->created_at_ms);
        hy_pg_put_int(args, e->kept_at_ms);
    }
    hy_pg_columns_end(args);
    hy_pg_queue(pg->link, &add_early, take_early_ids, a);
}

static bool is_here(const struct was_early *was)
{
    for (size_t i = 0; i < was->user->early.count; i++)
        if (((const struct hy_mem_early *)was->user->early.items[i])->stored_id == was->id)
            return true;
    return false;
}

static void delete_applied(struct hy_pg *pg)
{
    const struct hy_vector *early = &kept(pg)->early;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    size_t count = 0;

    hy_pg_columns_begin(args, "i");
    for (size_t i = 0; i < early->count; i++) {
        struct was_early *was = (struct was_early *)early->items[i];

        if (was->gone || is_here(was))
            continue;
        was->gone = true;
        hy_pg_put_int(args, was->id);
        count++;
    }
    hy_pg_columns_end(args);
    if (count > 0)
        hy_pg_queue(pg->link, &delete_early, NULL, NULL);
}

/* --- storing: events -------------------------------------------------------------------------- */

static const struct hy_pg_sql add_events = {
    "desk_events_add",
    "INSERT INTO event (id, app_no, name, \"user\", raw, created_at_ms, received_at_ms) SELECT * "
    "FROM"
    " unnest($1::int8[], $2::int8[], $3::text[], $4::text[], $5::text[], $6::int8[], $7::int8[])"};

static void store_events(struct hy_pg *pg)
{
    const struct hy_vector *events = &pg->desk.events;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    size_t from = kept(pg)->events;

    if (events->count == from)
        return;
    hy_pg_columns_begin(args, "iitttii");
    for (size_t i = from; i < events->count; i++) {
        const struct hy_event *e = (const struct hy_event *)events->items[i];

        hy_pg_put_int(args, e->id);
        hy_pg_put_int(args, e->app_no);
        hy_pg_put_text(args, e->name);
        hy_pg_put_text(args, e->user);
        hy_pg_put_text(args, e->raw);
        hy_pg_put_int(args, e->created_at_ms);
        hy_pg_put_int(args, e->received_at_ms);
    }
    hy_pg_columns_end(args);
    hy_pg_queue(pg->link, &add_events, NULL, NULL);
    kept(pg)->events = events->count;
}

static void flush(struct hy_pg *pg)
{
    store_awaiting(pg);
    delete_applied(pg);
    add_new(pg);
    store_events(pg);
}

static void clear(struct hy_pg *pg)
{
    hy_map_deinit(&kept(pg)->awaiting);
    hy_vector_deinit(&kept(pg)->early);
}

const struct hy_desk_kind hy_desk_events = {
    .name = "events", .load = load, .flush = flush, .clear = clear};
