/* Counts that are kept, as the differences that a transaction makes: desk.h. */
#include "store/postgres/desk_wants.h"
#include "store/postgres/partition.h"

#include <stdlib.h>
#include <string.h>

enum count { STATES, BROADCASTS, TEMPLATES, RECEIPTS, COUNTS };
enum { STATES_ROOM = 16 }; /* in the statement, too */

/* One row of one of the tables. */
struct change {
    int64_t of; /* app_no; broadcasts: its id */
    int64_t at; /* state and week; minute */
    const char *template_id;
    int64_t users, number;
};

struct kept {
    struct hy_map maps[COUNTS]; /* -> change */
    struct hy_vector changes[COUNTS];
};

static struct kept *kept(struct hy_pg *pg)
{
    return (struct kept *)hy_desk_kept(pg, HY_DESK_KEEPS_TALLY, sizeof(struct kept));
}

static struct change *change(struct hy_pg *pg, enum count count, int64_t of, int64_t at,
                             const char *template_id)
{
    struct hy_map *map = &kept(pg)->maps[count];
    const void *bytes = template_id ? (const void *)template_id : &at;
    size_t size = template_id ? strlen(template_id) : sizeof at;
    struct change *found = (struct change *)hy_map_get(map, of, bytes, size);

    if (found)
        return found;
    found = (struct change *)hy_desk_alloc(pg, sizeof *found);
    *found = (struct change){.of = of, .at = at, .template_id = hy_desk_text(pg, template_id)};
    hy_map_put(map, of, bytes, size, found);
    hy_vector_push(&kept(pg)->changes[count], found);
    return found;
}

/* The week of its id, too: its partition goes with its counts. */
static int64_t state_and_week(const struct hy_message *m, int state)
{
    return (int64_t)hy_pg_week_of(m->id) * STATES_ROOM + state;
}

void hy_desk_tally_message(struct hy_pg *pg, const struct hy_message *m, int from, int to)
{
    if (from == to)
        return;
    if (from >= 0)
        change(pg, STATES, m->app_no, state_and_week(m, from), NULL)->number--;
    if (to >= 0)
        change(pg, STATES, m->app_no, state_and_week(m, to), NULL)->number++;
    if (m->broadcast_id == 0)
        return;
    if (from >= 0)
        change(pg, BROADCASTS, m->broadcast_id, from, NULL)->number--;
    if (to >= 0)
        change(pg, BROADCASTS, m->broadcast_id, to, NULL)->number++;
}

void hy_desk_tally_reach(struct hy_pg *pg, int64_t app_no, const char *template_id, int64_t users,
                         int64_t uses)
{
    struct change *c = change(pg, TEMPLATES, app_no, 0, template_id);

    c->users += users;
    c->number += uses;
}

void hy_desk_tally_receipts(struct hy_pg *pg, int64_t app_no, int64_t minute, int64_t users,
                            int64_t uses)
{
    struct change *c = change(pg, RECEIPTS, app_no, minute, NULL);

    c->users += users;
    c->number += uses;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* A node has its own rows, so it waits for nobody; before it is one, in the order of the keys. */
static const struct hy_pg_sql upserts[COUNTS] = {
    [STATES] = {"tally_states", "INSERT INTO tally AS o (app_no, state, week, number, node) SELECT "
                                "a, s % 16, s / 16, n, $4 FROM "
                                "unnest($1::int8[], $2::int8[], $3::int8[]) AS t (a, s, n) "
                                "ON CONFLICT (app_no, state, week, node) DO "
                                "UPDATE SET number = o.number + excluded.number"},
    [BROADCASTS] =
        {"tally_broadcasts",
         "INSERT INTO broadcast_tally AS o (broadcast_id, state, number, node) SELECT b, s, n, $4 "
         "FROM unnest($1::int8[], $2::int8[], $3::int8[]) AS t (b, s, n) ON CONFLICT "
         "(broadcast_id, "
         "state, node) DO UPDATE SET number = o.number + excluded.number"},
    [TEMPLATES] = {"tally_reach", "INSERT INTO reach_counter AS o (app_no, template_id, users, "
                                  "uses, node) SELECT a, i, u, n, "
                                  "$5 FROM unnest($1::int8[], $2::text[], $3::int8[], $4::int8[]) "
                                  "AS t (a, i, u, n) ON CONFLICT "
                                  "(app_no, template_id, node) DO UPDATE SET users = o.users + "
                                  "excluded.users, uses = o.uses + "
                                  "excluded.uses"},
    [RECEIPTS] = {"tally_receipts", "INSERT INTO reach_receipt AS o (app_no, minute, users, uses, "
                                    "node) SELECT a, m, u, n, $5 FROM "
                                    "unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[]) AS t "
                                    "(a, m, u, n) ON CONFLICT (app_no, "
                                    "minute, node) DO UPDATE SET users = o.users + excluded.users, "
                                    "uses = o.uses + excluded.uses"},
};

static int by_key(const void *a, const void *b)
{
    const struct change *x = (const struct change *)a, *y = (const struct change *)b;

    if (x->of != y->of)
        return x->of < y->of ? -1 : 1;
    if (x->template_id)
        return strcmp(x->template_id, y->template_id);
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Of a template even nothing counts: it had a counter. */
static bool is_news(enum count count, const struct change *c)
{
    return count == TEMPLATES || c->users != 0 || c->number != 0;
}

static void put(struct hy_pg_args *args, enum count count, const struct change *c)
{
    hy_pg_put_int(args, c->of);
    if (count == TEMPLATES)
        hy_pg_put_text(args, c->template_id);
    else
        hy_pg_put_int(args, c->at);
    if (count == TEMPLATES || count == RECEIPTS)
        hy_pg_put_int(args, c->users);
    hy_pg_put_int(args, c->number);
}

static void write_count(struct hy_pg *pg, enum count count)
{
    static const char *const types[COUNTS] = {"iii", "iii", "itii", "iiii"};
    struct hy_vector *changes = &kept(pg)->changes[count];
    struct hy_pg_args *args = hy_pg_args(pg->link);
    size_t rows = 0;

    hy_vector_sort(changes, by_key);
    hy_pg_columns_begin(args, types[count]);
    for (size_t i = 0; i < changes->count; i++) {
        const struct change *c = (const struct change *)changes->items[i];

        if (!is_news(count, c))
            continue;
        put(args, count, c);
        rows++;
    }
    hy_pg_columns_end(args);
    hy_pg_put_int(args, pg->node);
    if (rows > 0)
        hy_pg_queue(pg->link, &upserts[count], NULL, NULL);
}

void hy_desk_tally_flush(struct hy_pg *pg)
{
    if (!pg->working->kept[HY_DESK_KEEPS_TALLY])
        return;
    for (int i = 0; i < COUNTS; i++)
        write_count(pg, (enum count)i);
    hy_desk_tally_clear(pg);
}

void hy_desk_tally_clear(struct hy_pg *pg)
{
    struct kept *k = (struct kept *)pg->working->kept[HY_DESK_KEEPS_TALLY];

    for (int i = 0; k && i < COUNTS; i++) {
        hy_map_deinit(&k->maps[i]);
        hy_vector_deinit(&k->changes[i]);
    }
    pg->working->kept[HY_DESK_KEEPS_TALLY] = NULL;
}
