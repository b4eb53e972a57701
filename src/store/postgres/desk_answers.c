/* What users answered, the newest answer of each template, and what tells were known by. */
#include "store/postgres/desk_wants.h"

#include "base/err.h"

#include <string.h>

/* As they are stored. */
struct was_answer {
    int32_t uses, told[HY_SOURCES];
};

struct was_newest {
    enum hy_answer_kind kind;
    int64_t at_ms, withdrawn_at_ms;
};

struct kept {
    struct hy_map answers;    /* id -> was_answer */
    struct hy_map newest;     /* address of hy_mem_newest -> was_newest */
    struct hy_map identities; /* address of hy_mem_identity -> not null */
};

static struct kept *kept(struct hy_pg *pg)
{
    return (struct kept *)hy_desk_kept(pg, HY_DESK_KEEPS_ANSWERS, sizeof(struct kept));
}

static int64_t address(const void *record)
{
    return (int64_t)(intptr_t)record;
}

/* --- loading ---------------------------------------------------------------------------------- */

/* Spans may overlap, and one row may be in several. */
static const struct hy_pg_sql answers_in_spans = {
    "desk_answers",
    "SELECT a.id, a.app_no, a.\"user\", a.template_id, a.kind, a.uses, a.told_backend, a.told_page,"
    " a.told_event, a.at_ms"
    " FROM unnest($1::int8[], $2::text[], $3::text[], $4::int8[], $5::int8[])"
    "  AS w (app_no, name, template_id, from_ms, to_ms)"
    " CROSS JOIN LATERAL (SELECT * FROM answer WHERE app_no = w.app_no AND \"user\" = w.name"
    "  AND at_ms BETWEEN w.from_ms AND w.to_ms AND template_id = w.template_id OFFSET 0) a"};
static const struct hy_pg_sql newest_of_users = {
    "desk_newest",
    "SELECT n.app_no, n.\"user\", n.template_id, n.kind, n.at_ms, n.withdrawn_at_ms"
    " FROM unnest($1::int8[], $2::text[]) AS w (app_no, name)"
    " CROSS JOIN LATERAL (SELECT * FROM newest_answer WHERE app_no = w.app_no AND \"user\" = w.name"
    "  OFFSET 0) n"};
static const struct hy_pg_sql identities_known = {
    "desk_seen",
    "SELECT s.app_no, s.key, s.at_ms FROM unnest($1::int8[], $2::bytea[]) AS w (app_no, key)"
    " CROSS JOIN LATERAL (SELECT * FROM seen WHERE app_no = w.app_no AND key = w.key"
    "  OFFSET 0) s"};

static struct was_answer as_stored(const struct hy_answer *a)
{
    struct was_answer was = {.uses = a->uses};

    memcpy(was.told, a->told, sizeof was.told);
    return was;
}

static void answer_is_stored(struct hy_pg *pg, const struct hy_answer *a)
{
    struct was_answer *was = (struct was_answer *)hy_desk_alloc(pg, sizeof *was);

    *was = as_stored(a);
    hy_map_put(&kept(pg)->answers, a->id, "", 0, was);
}

static int read_answers(struct hy_pg_rows *rows, void *arg)
{
    struct hy_pg *pg = (struct hy_pg *)arg;

    while (hy_pg_next(rows)) {
        int64_t id = hy_pg_int(rows, 0);
        struct hy_mem_user *user;
        struct hy_answer *a;

        if (hy_map_get(&kept(pg)->answers, id, "", 0))
            continue;
        user = hy_mem_user(&pg->desk, hy_pg_int(rows, 1), hy_pg_text(rows, 2));
        a = (struct hy_answer *)hy_mem_alloc(sizeof *a);
        a->id = id;
        a->app_no = user->app_no;
        a->user = user->name;
        a->template_id = hy_mem_text(hy_pg_text(rows, 3));
        a->kind = (enum hy_answer_kind)hy_pg_int(rows, 4);
        a->uses = (int32_t)hy_pg_int(rows, 5);
        for (int i = 0; i < HY_SOURCES; i++)
            a->told[i] = (int32_t)hy_pg_int(rows, 6 + i);
        a->at_ms = hy_pg_int(rows, 6 + HY_SOURCES);
        hy_vector_push(&user->answers, a);
        answer_is_stored(pg, a);
    }
    return 0;
}

static void newest_is_stored(struct hy_pg *pg, const struct hy_mem_newest *n)
{
    struct was_newest *was = (struct was_newest *)hy_map_get(&kept(pg)->newest, address(n), "", 0);

    if (!was)
        was = (struct was_newest *)hy_desk_alloc(pg, sizeof *was);
    *was = (struct was_newest){n->kind, n->at_ms, n->withdrawn_at_ms};
    hy_map_put(&kept(pg)->newest, address(n), "", 0, was);
}

static int read_newest(struct hy_pg_rows *rows, void *arg)
{
    struct hy_pg *pg = (struct hy_pg *)arg;

    while (hy_pg_next(rows)) {
        struct hy_mem_user *user = hy_mem_user(&pg->desk, hy_pg_int(rows, 0), hy_pg_text(rows, 1));
        struct hy_mem_newest *n = (struct hy_mem_newest *)hy_mem_alloc(sizeof *n);

        n->template_id = hy_mem_text(hy_pg_text(rows, 2));
        n->kind = (enum hy_answer_kind)hy_pg_int(rows, 3);
        n->at_ms = hy_pg_int(rows, 4);
        n->withdrawn_at_ms = hy_pg_int(rows, 5);
        hy_vector_push(&user->newest, n);
        newest_is_stored(pg, n);
    }
    return 0;
}

static int read_identities(struct hy_pg_rows *rows, void *arg)
{
    struct hy_pg *pg = (struct hy_pg *)arg;

    while (hy_pg_next(rows)) {
        struct hy_mem_identity *known = (struct hy_mem_identity *)hy_mem_alloc(sizeof *known);
        size_t size;
        const void *bytes = hy_pg_bytes(rows, 1, &size);

        known->app_no = hy_pg_int(rows, 0);
        known->at_ms = hy_pg_int(rows, 2);
        memcpy(known->bytes, bytes, size < sizeof known->bytes ? size : sizeof known->bytes);
        hy_map_put(&pg->desk.identities, known->app_no, known->bytes, HY_IDENTITY_BYTES, known);
        hy_map_put(&kept(pg)->identities, address(known), "", 0, known);
    }
    return 0;
}

static void put_spans(struct hy_pg_args *args, const struct hy_vector *spans)
{
    hy_pg_columns_begin(args, "ittii");
    for (size_t i = 0; i < spans->count; i++) {
        const struct hy_desk_span *span = (const struct hy_desk_span *)spans->items[i];

        hy_pg_put_int(args, span->app_no);
        hy_pg_put_text(args, span->user);
        hy_pg_put_text(args, span->template_id);
        hy_pg_put_int(args, span->from_ms);
        hy_pg_put_int(args, span->to_ms);
    }
    hy_pg_columns_end(args);
}

static void put_identities(struct hy_pg_args *args, const struct hy_vector *identities)
{
    hy_pg_columns_begin(args, "ib");
    for (size_t i = 0; i < identities->count; i++) {
        const struct hy_desk_identity *identity =
            (const struct hy_desk_identity *)identities->items[i];

        hy_pg_put_int(args, identity->app_no);
        hy_pg_put_bytes(args, identity->bytes, sizeof identity->bytes);
    }
    hy_pg_columns_end(args);
}

static void load(struct hy_pg *pg, const struct hy_desk_wants *wants)
{
    if (wants->spans.count > 0) {
        put_spans(hy_pg_args(pg->link), &wants->spans);
        hy_pg_queue(pg->link, &answers_in_spans, read_answers, pg);
    }
    if (wants->identities.count > 0) {
        put_identities(hy_pg_args(pg->link), &wants->identities);
        hy_pg_queue(pg->link, &identities_known, read_identities, pg);
    }
    if (hy_desk_put_users(hy_pg_args(pg->link), wants, HY_DESK_TELLS) > 0)
        hy_pg_queue(pg->link, &newest_of_users, read_newest, pg);
}

/* --- storing ---------------------------------------------------------------------------------- */

/* The records that are new or different. */
struct changed {
    struct hy_pg *pg;
    struct hy_vector added, told, newest, identities;
};

static const struct hy_pg_sql add_answers = {
    "desk_answers_add",
    "INSERT INTO answer (id, app_no, \"user\", template_id, kind, uses, told_backend, told_page,"
    " told_event, at_ms) SELECT * FROM unnest($1::int8[], $2::int8[], $3::text[], $4::text[],"
    " $5::int8[], $6::int8[], $7::int8[], $8::int8[], $9::int8[], $10::int8[])"};
static const struct hy_pg_sql change_answers = {
    "desk_answers_change",
    "UPDATE answer a SET uses = w.uses, told_backend = w.told_backend, told_page = w.told_page,"
    " told_event = w.told_event FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], "
    "$5::int8[])"
    " AS w (id, uses, told_backend, told_page, told_event) WHERE a.id = w.id"};
static const struct hy_pg_sql put_newest = {
    "desk_newest_put",
    "INSERT INTO newest_answer (app_no, \"user\", template_id, kind, at_ms, withdrawn_at_ms)"
    " SELECT * FROM unnest($1::int8[], $2::text[], $3::text[], $4::int8[], $5::int8[], $6::int8[])"
    " ON CONFLICT (app_no, \"user\", template_id) DO UPDATE SET kind = excluded.kind,"
    " at_ms = excluded.at_ms, withdrawn_at_ms = excluded.withdrawn_at_ms"};
/* One that another node told meanwhile is a conflict: then all of it runs again, and is known. */
static const struct hy_pg_sql add_identities = {
    "desk_seen_add",
    "INSERT INTO seen (app_no, key, at_ms)"
    " SELECT * FROM unnest($1::int8[], $2::bytea[], $3::int8[]) AS t (app_no, key) "
    "ORDER BY t.app_no, t.key"};

static void look_at_answers(struct changed *c, const struct hy_mem_user *user)
{
    for (size_t i = 0; i < user->answers.count; i++) {
        struct hy_answer *a = (struct hy_answer *)user->answers.items[i];
        const struct was_answer *was =
            (const struct was_answer *)hy_map_get(&kept(c->pg)->answers, a->id, "", 0);
        struct was_answer now = as_stored(a);

        if (!was)
            hy_vector_push(&c->added, a);
        else if (memcmp(was, &now, sizeof now) != 0)
            hy_vector_push(&c->told, a);
    }
}

static void look_at_newest(struct changed *c, struct hy_mem_user *user)
{
    for (size_t i = 0; i < user->newest.count; i++) {
        struct hy_mem_newest *n = (struct hy_mem_newest *)user->newest.items[i];
        const struct was_newest *was =
            (const struct was_newest *)hy_map_get(&kept(c->pg)->newest, address(n), "", 0);

        if (was && was->kind == n->kind && was->at_ms == n->at_ms &&
            was->withdrawn_at_ms == n->withdrawn_at_ms)
            continue;
        hy_vector_push(&c->newest, user);
        hy_vector_push(&c->newest, n);
    }
}

static void look_at_identity(void *value, void *arg)
{
    struct changed *c = (struct changed *)arg;

    if (!hy_map_get(&kept(c->pg)->identities, address(value), "", 0))
        hy_vector_push(&c->identities, value);
}

static void put_told(struct hy_pg_args *args, const struct hy_answer *a)
{
    hy_pg_put_int(args, a->uses);
    for (int i = 0; i < HY_SOURCES; i++)
        hy_pg_put_int(args, a->told[i]);
}

static void store_added(struct changed *c)
{
    struct hy_pg_args *args = hy_pg_args(c->pg->link);

    hy_pg_columns_begin(args, "iittiiiiii");
    for (size_t i = 0; i < c->added.count; i++) {
        const struct hy_answer *a = (const struct hy_answer *)c->added.items[i];

        hy_pg_put_int(args, a->id);
        hy_pg_put_int(args, a->app_no);
        hy_pg_put_text(args, a->user);
        hy_pg_put_text(args, a->template_id);
        hy_pg_put_int(args, a->kind);
        put_told(args, a);
        hy_pg_put_int(args, a->at_ms);
        answer_is_stored(c->pg, a);
    }
    hy_pg_columns_end(args);
    if (c->added.count > 0)
        hy_pg_queue(c->pg->link, &add_answers, NULL, NULL);
}

static void store_told(struct changed *c)
{
    struct hy_pg_args *args = hy_pg_args(c->pg->link);

    hy_pg_columns_begin(args, "iiiii");
    for (size_t i = 0; i < c->told.count; i++) {
        const struct hy_answer *a = (const struct hy_answer *)c->told.items[i];

        hy_pg_put_int(args, a->id);
        put_told(args, a);
        answer_is_stored(c->pg, a);
    }
    hy_pg_columns_end(args);
    if (c->told.count > 0)
        hy_pg_queue(c->pg->link, &change_answers, NULL, NULL);
}

static void store_newest(struct changed *c)
{
    struct hy_pg_args *args = hy_pg_args(c->pg->link);

    hy_pg_columns_begin(args, "ittiii");
    for (size_t i = 0; i < c->newest.count; i += 2) {
        const struct hy_mem_user *user = (const struct hy_mem_user *)c->newest.items[i];
        const struct hy_mem_newest *n = (const struct hy_mem_newest *)c->newest.items[i + 1];

        hy_pg_put_int(args, user->app_no);
        hy_pg_put_text(args, user->name);
        hy_pg_put_text(args, n->template_id);
        hy_pg_put_int(args, n->kind);
        hy_pg_put_int(args, n->at_ms);
        hy_pg_put_int(args, n->withdrawn_at_ms);
        newest_is_stored(c->pg, n);
    }
    hy_pg_columns_end(args);
    if (c->newest.count > 0)
        hy_pg_queue(c->pg->link, &put_newest, NULL, NULL);
}

static void store_identities(struct changed *c)
{
    struct hy_pg_args *args = hy_pg_args(c->pg->link);

    hy_pg_columns_begin(args, "ibi");
    for (size_t i = 0; i < c->identities.count; i++) {
        struct hy_mem_identity *identity = (struct hy_mem_identity *)c->identities.items[i];

        hy_pg_put_int(args, identity->app_no);
        hy_pg_put_bytes(args, identity->bytes, sizeof identity->bytes);
        hy_pg_put_int(args, identity->at_ms);
        hy_map_put(&kept(c->pg)->identities, address(identity), "", 0, identity);
    }
    hy_pg_columns_end(args);
    if (c->identities.count > 0)
        hy_pg_queue(c->pg->link, &add_identities, NULL, NULL);
}

static void flush(struct hy_pg *pg)
{
    struct changed c = {.pg = pg};

    for (size_t i = 0; i < pg->working->users.count; i++) {
        struct hy_mem_user *user = ((struct hy_desk_user *)pg->working->users.items[i])->user;

        look_at_answers(&c, user);
        look_at_newest(&c, user);
    }
    hy_map_each(&pg->desk.identities, look_at_identity, &c);
    store_added(&c);
    store_told(&c);
    store_newest(&c);
    store_identities(&c);
    hy_vector_deinit(&c.added);
    hy_vector_deinit(&c.told);
    hy_vector_deinit(&c.newest);
    hy_vector_deinit(&c.identities);
}

static void clear(struct hy_pg *pg)
{
    hy_map_deinit(&kept(pg)->answers);
    hy_map_deinit(&kept(pg)->newest);
    hy_map_deinit(&kept(pg)->identities);
}

const struct hy_desk_kind hy_desk_answers = {
    .name = "answers", .load = load, .flush = flush, .clear = clear};
