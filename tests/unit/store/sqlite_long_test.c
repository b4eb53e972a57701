/*
 * What only shows with many rows: the buckets of the index by user, searches in pieces, a user with
 * thousands of messages, keys that are forgotten.
 */
#include "sqlite_rig.h"

enum { DAY = 86400000, BATCH = 1000 };

static const int64_t noon = 1800000000000;

static const char *user_of(int64_t id)
{
    return id % 100 == 0 ? "rare" : "frequent";
}

/* Messages `first`, first + step, ...: `count` of them, a thousand at once. */
static void fill(struct hy_store *store, int64_t app, int64_t first, int64_t step, int count,
                 int64_t send_at_ms)
{
    static struct hy_message messages[BATCH];
    static struct hy_admit_item items[BATCH];

    for (int done = 0; done < count;) {
        struct hy_admit v = {
            .op = {.verb = HY_VERB_ADMIT}, .items = items, .now_ms = noon, .key_window_ms = DAY};
        struct hy_arena arena;

        hy_arena_init(&arena);
        v.arena = &arena;
        for (; v.count < BATCH && done < count; done++, v.count++) {
            int64_t id = first + done * step;

            messages[v.count] = (struct hy_message){.id = id,
                                                    .app_no = app,
                                                    .user = user_of(id),
                                                    .template_id = "T1",
                                                    .data = "{}",
                                                    .tag = id == 7 ? "seven" : NULL,
                                                    .on_missing = HY_ON_MISSING_TRY,
                                                    .send_at_ms = send_at_ms,
                                                    .accepted_at_ms = noon};
            items[v.count] = (struct hy_admit_item){.message = &messages[v.count]};
        }
        CHECK_INT(hy_store_run(store, &v.op), 0);
        hy_arena_deinit(&arena);
    }
}

/* Lists page by page; every id must be below the one before and pass `wanted`. How many there are;
 * *ret_pages counts the calls. */
static int64_t walk(struct hy_store *store, int64_t app, const char *user, const char *tag,
                    int *ret_pages)
{
    int64_t before_id = 0, last = INT64_MAX, found = 0;

    *ret_pages = 0;
    for (bool more = true; more; (*ret_pages)++) {
        struct hy_message_list v = {.op = {.verb = HY_VERB_MESSAGE_LIST},
                                    .app_no = app,
                                    .user = user,
                                    .tag = tag,
                                    .state = -1,
                                    .before_id = before_id,
                                    .limit = 300};
        struct hy_arena arena;

        hy_arena_init(&arena);
        v.arena = &arena;
        CHECK_INT(hy_store_run(store, &v.op), 0);
        for (size_t i = 0; i < v.count; i++) {
            CHECK(v.messages[i].id < last);
            CHECK(!user || strcmp(v.messages[i].user, user) == 0);
            last = v.messages[i].id;
        }
        found += (int64_t)v.count;
        more = v.more;
        CHECK(!more || (v.next_before_id > 0 && v.next_before_id <= last));
        CHECK(more || v.next_before_id == 0);
        before_id = v.next_before_id;
        hy_arena_deinit(&arena);
    }
    return found;
}

static void lists_over_many_buckets_in_order(void)
{
    struct hy_store *store;
    int64_t app;
    int pages;

    rig_begin();
    store = rig_open(rig_path("a.db"));
    app = rig_app(store);
    fill(store, app, 2, 2, 5000, noon + DAY); /* even ids */
    CHECK_INT(walk(store, app, "rare", NULL, &pages), 100);
    CHECK_INT(walk(store, app, "frequent", NULL, &pages), 4900);
    CHECK_INT(pages, 17);
    /* Ids that come late go between those that are there, also after a new start. */
    fill(store, app, 1, 2, 2000, noon + DAY);
    hy_store_close(store);
    store = rig_open(rig_path("a.db"));
    fill(store, app, 4001, 2, 2000, noon + DAY);
    fill(store, app, 20000, 1, 3000, noon + DAY);
    CHECK_INT(walk(store, app, "frequent", NULL, &pages), 4900 + 4000 + 2970);
    CHECK_INT(walk(store, app, "rare", NULL, &pages), 100 + 30);
    CHECK_INT(walk(store, 0, NULL, NULL, &pages), 12000);
    CHECK_INT(rig_check(store), 0);
    hy_store_close(store);
    CHECK(rig_sql_int(rig_path("a.db"), "SELECT count(DISTINCT bucket) FROM message") >= 4);
    rig_end();
}

static void searches_for_something_rare_in_pieces(void)
{
    struct hy_store *store;
    int64_t app;
    int pages;

    rig_begin();
    store = rig_open(rig_path("a.db"));
    app = rig_app(store);
    fill(store, app, 1, 1, 45000, noon + DAY);
    CHECK_INT(walk(store, app, NULL, "seven", &pages), 1);
    CHECK_INT(pages, 3); /* 20,000 rows a call */
    CHECK_INT(walk(store, app, "frequent", "seven", &pages), 1);
    CHECK_INT(pages, 1);
    CHECK_INT(walk(store, 0, "rare", NULL, &pages), 450);
    hy_store_close(store);
    rig_end();
}

static size_t claim(struct hy_store *store, int64_t app, size_t capacity, struct hy_claimed *first,
                    int64_t *ret_next_due_ms)
{
    struct hy_claim_lane lane = {.app_no = app, .queue = HY_RANK_NORMAL, .capacity = capacity};
    struct hy_claim v = {.op = {.verb = HY_VERB_CLAIM},
                         .lanes = &lane,
                         .lane_count = 1,
                         .now_ms = noon,
                         .lease_until_ms = noon + 60000};
    struct hy_arena arena;

    hy_arena_init(&arena);
    v.arena = &arena;
    CHECK_INT(hy_store_run(store, &v.op), 0);
    if (v.count > 0)
        *first = v.claimed[0];
    *ret_next_due_ms = lane.next_due_ms;
    hy_arena_deinit(&arena);
    return v.count;
}

static void send(struct hy_store *store, int64_t id)
{
    struct hy_settle_item item = {
        .message_id = id,
        .attempt = {.number = 1},
        .settlement = {.state = HY_MESSAGE_SENT, .grant_move = HY_GRANT_SPEND}};
    struct hy_settle v = {
        .op = {.verb = HY_VERB_SETTLE}, .items = &item, .count = 1, .now_ms = noon};

    CHECK_INT(hy_store_run(store, &v.op), 0);
    CHECK_INT(item.result, 0);
    CHECK_INT(v.freed, 1);
}

/* Thousands of one user: one claim parks some thousand of them, and they go one after the other. */
static void parks_a_users_thousands_in_short_claims(void)
{
    struct hy_claimed first;
    struct hy_store *store;
    int64_t app, next_due_ms;
    int calls = 0;

    rig_begin();
    store = rig_open(rig_path("a.db"));
    app = rig_app(store);
    fill(store, app, 1, 100, 12000, 0); /* 1, 101, ...: all "frequent" */
    CHECK_INT(claim(store, app, 50, &first, &next_due_ms), 1);
    CHECK_INT(first.message.id, 1);
    CHECK_INT(next_due_ms, noon);
    for (; next_due_ms > 0; calls++)
        CHECK_INT(claim(store, app, 50, &first, &next_due_ms), 0);
    CHECK(calls > 1 && calls < 5);
    for (int64_t i = 0; i < 20; i++) {
        send(store, 1 + i * 100);
        CHECK_INT(claim(store, app, 50, &first, &next_due_ms), 1);
        CHECK_INT(first.message.id, 1 + (i + 1) * 100);
    }
    CHECK_INT(rig_check(store), 0);
    hy_store_close(store);
    rig_end();
}

/* One message with key number `number`; what came of it. */
static enum hy_admission admit_keyed(struct hy_store *store, int64_t app, int64_t id, int number,
                                     int64_t now_ms)
{
    struct hy_message m = {.id = id,
                           .app_no = app,
                           .user = "u",
                           .template_id = "T1",
                           .data = "{}",
                           .on_missing = HY_ON_MISSING_TRY,
                           .send_at_ms = now_ms + DAY};
    uint8_t key[HY_FINGERPRINT_BYTES] = {0}, body[HY_FINGERPRINT_BYTES] = {1};
    struct hy_admit_item item = {.message = &m, .key = key, .body = body};
    struct hy_admit v = {.op = {.verb = HY_VERB_ADMIT},
                         .items = &item,
                         .count = 1,
                         .now_ms = now_ms,
                         .key_window_ms = DAY};
    struct hy_arena arena;

    memcpy(key, &number, sizeof number);
    hy_arena_init(&arena);
    v.arena = &arena;
    CHECK_INT(hy_store_run(store, &v.op), 0);
    hy_arena_deinit(&arena);
    return item.admission;
}

static void forgets_keys_when_they_are_old(void)
{
    struct hy_store *store;
    int64_t app, id = 1;
    int64_t at_ms = noon;

    rig_begin();
    store = rig_open(rig_path("a.db"));
    app = rig_app(store);
    for (int i = 0; i < 500; i++, at_ms += 10 * 60000) /* 3.5 days */
        CHECK_INT(admit_keyed(store, app, id++, i, at_ms), HY_ADMITTED);
    at_ms -= 10 * 60000;
    CHECK_INT(admit_keyed(store, app, id++, 499, at_ms), HY_ADMITTED_BEFORE);
    CHECK_INT(admit_keyed(store, app, id++, 499 - 143, at_ms), HY_ADMITTED_BEFORE);
    CHECK_INT(admit_keyed(store, app, id++, 499 - 144, at_ms), HY_ADMITTED); /* a day ago */
    CHECK_INT(admit_keyed(store, app, id++, 0, at_ms), HY_ADMITTED);
    hy_store_close(store);
    CHECK(rig_sql_int(rig_path("a.db"), "SELECT count(*) FROM idempotency") < 220);
    store = rig_open(rig_path("a.db"));
    CHECK_INT(admit_keyed(store, app, id++, 499 - 143, at_ms), HY_ADMITTED_BEFORE);
    hy_store_close(store);
    rig_end();
}

/* One transaction that is larger than the cache: its pages go to the log before the commit, and are
 * read from there again. */
static void stores_more_than_the_cache_at_once(void)
{
    enum { COUNT = 150000 };
    struct hy_deposit v = {.op = {.verb = HY_VERB_DEPOSIT}, .count = COUNT, .now_ms = noon};
    struct hy_store *store;
    struct hy_arena arena;
    int64_t app;

    rig_begin();
    store = rig_open(rig_path("a.db"));
    app = rig_app(store);
    hy_arena_init(&arena);
    v.items = (struct hy_deposit_item *)hy_arena_array(&arena, COUNT, sizeof *v.items);
    CHECK(v.items != NULL);
    for (int i = 0; i < COUNT; i++) {
        struct hy_grant *g = &v.items[i].grant;

        g->app_no = app;
        g->kind = HY_GRANT_FORM_ID;
        g->uses_left = g->uses_total = 1;
        g->user = hy_arena_printf(&arena, "user-%08x", (unsigned)i * 2654435761u);
        g->credential =
            hy_arena_printf(&arena, "a-form-id-of-some-length-%08x", (unsigned)i * 2246822519u);
        g->obtained_at_ms = noon;
        g->expires_at_ms = noon + 7LL * DAY;
    }
    CHECK_INT(hy_store_run(store, &v.op), 0);
    CHECK_INT(hy_store_run(store, &v.op), 0);
    CHECK(v.items[0].duplicate && v.items[COUNT - 1].duplicate);
    CHECK_INT(v.items[COUNT - 1].grant.id, COUNT);
    CHECK_INT(rig_check(store), 0);
    hy_store_close(store);
    hy_arena_deinit(&arena);
    CHECK_INT(rig_sql_int(rig_path("a.db"), "SELECT count(*) FROM \"grant\""), COUNT);
    rig_end();
}

int main(void)
{
    RUN(lists_over_many_buckets_in_order);
    RUN(searches_for_something_rare_in_pieces);
    RUN(parks_a_users_thousands_in_short_claims);
    RUN(forgets_keys_when_they_are_old);
    RUN(stores_more_than_the_cache_at_once);
    return hy_tap_end();
}
