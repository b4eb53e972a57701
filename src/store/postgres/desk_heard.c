/* What counts for caps: rows come here, and go by tidy. */
#include "store/postgres/desk_wants.h"

struct kept {
    struct hy_map stored; /* address of hy_mem_heard -> not null */
};

static struct kept *kept(struct hy_pg *pg)
{
    return (struct kept *)hy_desk_kept(pg, HY_DESK_KEEPS_HEARD, sizeof(struct kept));
}

static bool is_stored(struct hy_pg *pg, const struct hy_mem_heard *h)
{
    return hy_map_get(&kept(pg)->stored, (int64_t)(intptr_t)h, "", 0) != NULL;
}

static void now_stored(struct hy_pg *pg, const struct hy_mem_heard *h)
{
    hy_map_put(&kept(pg)->stored, (int64_t)(intptr_t)h, "", 0, pg);
}

/* --- loading ---------------------------------------------------------------------------------- */

static const struct hy_pg_sql heard_of_users = {
    "desk_heard", "SELECT h.app_no, h.\"user\", h.message_id, h.at_ms, h.until_ms, h.template_id"
                  " FROM unnest($1::int8[], $2::text[]) AS w (app_no, name)"
                  " CROSS JOIN LATERAL (SELECT * FROM heard WHERE app_no = w.app_no"
                  "  AND \"user\" = w.name OFFSET 0) h"};

static int read_heard(struct hy_pg_rows *rows, void *arg)
{
    struct hy_pg *pg = (struct hy_pg *)arg;

    while (hy_pg_next(rows)) {
        struct hy_mem_user *user = hy_mem_user(&pg->desk, hy_pg_int(rows, 0), hy_pg_text(rows, 1));
        struct hy_mem_heard *h = (struct hy_mem_heard *)hy_mem_alloc(sizeof *h);

        h->message_id = hy_pg_int(rows, 2);
        h->at_ms = hy_pg_int(rows, 3);
        h->until_ms = hy_pg_int(rows, 4);
        h->template_id = hy_mem_text(hy_pg_text(rows, 5));
        hy_vector_push(&user->heard, h);
        now_stored(pg, h);
    }
    return 0;
}

static void load(struct hy_pg *pg, const struct hy_desk_wants *wants)
{
    if (hy_desk_put_users(hy_pg_args(pg->link), wants, HY_DESK_HEARD) > 0)
        hy_pg_queue(pg->link, &heard_of_users, read_heard, pg);
}

/* --- storing ---------------------------------------------------------------------------------- */

static const struct hy_pg_sql add_heard = {
    "desk_heard_add",
    "INSERT INTO heard (app_no, \"user\", message_id, at_ms, until_ms, template_id) SELECT * FROM"
    " unnest($1::int8[], $2::text[], $3::int8[], $4::int8[], $5::int8[], $6::text[])"};

/* How many are new. */
static size_t put_new(struct hy_pg *pg, struct hy_pg_args *args, const struct hy_mem_user *user)
{
    size_t count = 0;

    for (size_t i = 0; i < user->heard.count; i++) {
        const struct hy_mem_heard *h = (const struct hy_mem_heard *)user->heard.items[i];

        if (is_stored(pg, h))
            continue;
        hy_pg_put_int(args, user->app_no);
        hy_pg_put_text(args, user->name);
        hy_pg_put_int(args, h->message_id);
        hy_pg_put_int(args, h->at_ms);
        hy_pg_put_int(args, h->until_ms);
        hy_pg_put_text(args, h->template_id);
        now_stored(pg, h);
        count++;
    }
    return count;
}

static void flush(struct hy_pg *pg)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    size_t count = 0;

    hy_pg_columns_begin(args, "itiiit");
    for (size_t i = 0; i < pg->working->users.count; i++)
        count +=
            put_new(pg, args, ((const struct hy_desk_user *)pg->working->users.items[i])->user);
    hy_pg_columns_end(args);
    if (count > 0)
        hy_pg_queue(pg->link, &add_heard, NULL, NULL);
}

static void clear(struct hy_pg *pg)
{
    hy_map_deinit(&kept(pg)->stored);
}

const struct hy_desk_kind hy_desk_heard = {
    .name = "heard", .load = load, .flush = flush, .clear = clear};
