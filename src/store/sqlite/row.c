#include "store/sqlite/row.h"

#include "base/err.h"
#include "domain/queue.h"
#include "store/sqlite/gather.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/sending.h"
#include "store/sqlite/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many messages share a bucket of the index by user: few, so that the range that inserts go to
 * stays in a handful of pages (2048 entries are some 100 KB); a listing by user looks once into
 * each bucket (five million messages: 2,500 looks). */
enum { BUCKET_ROWS = 2048 };

/* --- reading ---------------------------------------------------------------------------------- */

static bool is_urgent(enum hy_rank rank)
{
    return rank == HY_RANK_URGENT || rank == HY_RANK_BULK_URGENT;
}

void hy_message_read_brief(struct hy_query *q, struct hy_arena *arena, struct hy_row *ret_row)
{
    struct hy_message *m = &ret_row->m;
    int64_t parked_due_ms;

    *ret_row = (struct hy_row){0};
    m->id = hy_get_int(q);
    m->app_no = hy_get_int(q);
    m->user = hy_get_text(q, arena);
    m->template_id = hy_get_text(q, arena);
    m->state = (enum hy_message_state)hy_get_int(q);
    m->reason = hy_get_text(q, arena);
    m->policy = (enum hy_policy)hy_get_int(q);
    m->on_missing = (enum hy_on_missing)hy_get_int(q);
    m->accepted_at_ms = hy_get_int(q);
    m->send_at_ms = hy_get_int(q);
    m->expires_at_ms = hy_get_int(q);
    m->due_at_ms = hy_get_int(q);
    parked_due_ms = hy_get_int(q);
    m->settled_at_ms = hy_get_int(q);
    m->grant_id = hy_get_int(q);
    m->attempt_count = (int32_t)hy_get_int(q);
    m->in_doubt = hy_get_int(q) != 0;
    m->msgid = hy_get_int(q);
    m->template_kind = (enum hy_template_kind)hy_get_int(q);
    ret_row->queue = (int)hy_get_int(q);
    m->urgent = is_urgent(hy_queue_rank(ret_row->queue));
    m->broadcast_id = hy_get_int(q);
    ret_row->lease_until_ms = hy_get_int(q);
    ret_row->stored_state = m->state;
    ret_row->parked = parked_due_ms > 0;
    if (ret_row->parked)
        m->due_at_ms = parked_due_ms;
}

void hy_message_read(struct hy_query *q, struct hy_arena *arena, struct hy_row *ret_row)
{
    struct hy_message *m = &ret_row->m;

    hy_message_read_brief(q, arena, ret_row);
    m->data = hy_get_text(q, arena);
    m->page = hy_get_text(q, arena);
    m->emphasis = hy_get_text(q, arena);
    m->miniprogram_state = hy_get_text(q, arena);
    m->lang = hy_get_text(q, arena);
    m->tag = hy_get_text(q, arena);
    m->extra = hy_get_text(q, arena);
}

int hy_message_load(struct hy_sqlite *s, int64_t id, struct hy_row *ret_row)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_MESSAGE_BRIEF, &q);
    hy_put_int(&q, id);
    r = hy_query_step(&q);
    if (r <= 0)
        return r < 0 ? r : HY_E_NOT_FOUND;
    hy_message_read_brief(&q, &s->scratch, ret_row);
    return hy_query_close(&q);
}

int hy_message_load_all(struct hy_sqlite *s, struct hy_query *q, struct hy_row **ret_rows,
                        size_t *ret_count)
{
    void *rows = NULL;
    size_t count = 0, capacity = 0;
    int r;

    while ((r = hy_query_step(q)) == HY_ROW) {
        struct hy_row *row = hy_query_room(q, &s->scratch, &rows, count, &capacity, sizeof *row);

        if (!row)
            return HY_E_NOMEM;
        hy_message_read_brief(q, &s->scratch, row);
        count++;
    }
    *ret_rows = rows;
    *ret_count = count;
    return r;
}

/* --- writing ---------------------------------------------------------------------------------- */

void hy_message_move(struct hy_message *m, enum hy_message_state to)
{
    if (m->state != to && !hy_message_may_move_by_itself(m->state, to)) {
        fprintf(stderr, "store: message %lld may not go from %s to %s\n", (long long)m->id,
                hy_message_state_names[m->state], hy_message_state_names[to]);
        abort();
    }
    m->state = to;
}

/* The tallies follow the state that is stored. */
static int count_one(struct hy_sqlite *s, const struct hy_message *m, enum hy_message_state state,
                     int64_t change)
{
    int r = hy_tally_add(s, m->app_no, state, change);

    return r == 0 && m->broadcast_id > 0 ? hy_tally_broadcast(s, m->broadcast_id, state, change)
                                         : r;
}

static int note_move(struct hy_sqlite *s, struct hy_row *row)
{
    enum hy_message_state before = row->stored_state;
    int r;

    if (row->m.state == before)
        return 0;
    row->stored_state = row->m.state;
    r = before == HY_MESSAGE_SENDING ? hy_sending_remove(s, row->m.id) : 0;
    if (r == 0)
        r = count_one(s, &row->m, before, -1);
    if (r == 0)
        r = count_one(s, &row->m, row->m.state, 1);
    return r == 0 && s->hooks.wanted ? hy_outcome_of_message(s, &row->m) : r;
}

int hy_message_save(struct hy_sqlite *s, struct hy_row *row)
{
    const struct hy_message *m = &row->m;
    struct hy_gather *g = s->gather;
    int r = note_move(s, row);

    if (r == 0)
        r = hy_gather_row(s, HY_GATHER_MESSAGE_SAVE);
    if (r < 0)
        return r;
    hy_gather_int(g, m->state);
    hy_gather_int(g, row->parked ? 0 : m->due_at_ms);
    hy_gather_int(g, row->parked ? m->due_at_ms : 0);
    hy_gather_int(g, row->lease_until_ms);
    hy_gather_int(g, m->grant_id);
    hy_gather_int(g, m->attempt_count);
    hy_gather_int(g, m->in_doubt);
    hy_gather_int(g, m->msgid);
    hy_gather_int(g, m->settled_at_ms);
    hy_gather_copy(g, m->reason);
    hy_gather_int(g, m->id);
    return 0;
}

/* A bucket never holds an id that is larger than one of the next bucket, so that a listing may walk
 * from bucket to bucket: an id that comes late goes where the one above it is. */
static int choose_bucket(struct hy_sqlite *s, int64_t id, int64_t *ret_bucket)
{
    struct hy_query q;
    int r;

    if (id < s->last_message_id) {
        hy_query_open(s, SQL_MESSAGE_BUCKET_ABOVE, &q);
        hy_put_int(&q, id);
        r = hy_query_int(&q, ret_bucket);
        if (r != HY_E_NOT_FOUND)
            return r;
    } else {
        s->last_message_id = id;
        if (s->bucket_rows++ == BUCKET_ROWS) {
            s->bucket++;
            s->bucket_rows = 1;
        }
    }
    *ret_bucket = s->bucket;
    return 0;
}

int hy_message_insert(struct hy_sqlite *s, const struct hy_message *m)
{
    struct hy_gather *g = s->gather;
    int64_t bucket;
    int r = choose_bucket(s, m->id, &bucket);

    if (r == 0)
        r = count_one(s, m, m->state, 1);
    if (r == 0 && s->hooks.wanted)
        r = hy_outcome_of_message(s, m);
    if (r == 0)
        r = hy_gather_row(s, HY_GATHER_MESSAGE);
    if (r < 0)
        return r;
    hy_gather_int(g, m->id);
    hy_gather_int(g, m->state);
    hy_gather_int(g, m->due_at_ms);
    hy_gather_int(g, m->grant_id);
    hy_gather_int(g, m->settled_at_ms);
    hy_gather_text(g, m->reason);
    hy_gather_int(g, m->app_no);
    hy_gather_int(g, bucket);
    hy_gather_int(g, m->policy);
    hy_gather_int(g, m->on_missing);
    hy_gather_int(g, m->accepted_at_ms);
    hy_gather_int(g, m->send_at_ms);
    hy_gather_int(g, m->expires_at_ms);
    hy_gather_text(g, m->user);
    hy_gather_text(g, m->template_id);
    hy_gather_text(g, m->data);
    hy_gather_text(g, m->page);
    hy_gather_text(g, m->emphasis);
    hy_gather_text(g, m->miniprogram_state);
    hy_gather_text(g, m->lang);
    hy_gather_text(g, m->tag);
    hy_gather_text(g, m->extra);
    hy_gather_int(g, m->template_kind);
    hy_gather_int(g, hy_message_queue(m));
    hy_gather_int(g, m->broadcast_id);
    return 0;
}

int hy_message_exists(struct hy_sqlite *s, int64_t id)
{
    struct hy_query q;
    int64_t one;
    int r;

    if (id > s->last_message_id)
        return 0;
    hy_query_open(s, SQL_MESSAGE_EXISTS, &q);
    hy_put_int(&q, id);
    r = hy_query_int(&q, &one);
    return r == HY_E_NOT_FOUND ? 0 : r < 0 ? r : 1;
}

int hy_message_remember_last(struct hy_sqlite *s)
{
    struct hy_query q;
    int r;

    s->last_message_id = 0;
    s->bucket = 1;
    s->bucket_rows = 0;
    hy_query_open(s, SQL_MESSAGE_LAST, &q);
    r = hy_query_step(&q);
    if (r <= 0)
        return r;
    s->last_message_id = hy_get_int(&q);
    s->bucket = hy_get_int(&q) + 1;
    return hy_query_close(&q);
}

/* --- parking -------------------------------------------------------------------------------------- */

int hy_message_park(struct hy_sqlite *s, int64_t id)
{
    struct hy_query q;

    hy_parked_note(s);
    hy_query_open(s, SQL_MESSAGE_PARK, &q);
    hy_put_int(&q, id);
    return hy_query_run(&q);
}

static int unpark(struct hy_sqlite *s, int64_t id)
{
    struct hy_query q;

    hy_query_open(s, SQL_MESSAGE_UNPARK, &q);
    hy_put_int(&q, id);
    hy_put_int(&q, s->unpark_from_ms);
    return hy_query_run(&q);
}

int hy_user_unpark(struct hy_sqlite *s, int64_t app_no, const char *user)
{
    struct hy_query q;
    int64_t id;
    int r = hy_parked_any(s);

    if (r <= 0)
        return r;
    hy_query_open(s, SQL_MESSAGE_NEXT_PARKED, &q);
    hy_put_int(&q, app_no);
    hy_put_text(&q, user);
    r = hy_query_int(&q, &id);
    if (r < 0)
        return r == HY_E_NOT_FOUND ? 0 : r;
    r = hy_user_sending(s, app_no, user, NULL);
    if (r != 0)
        return r < 0 ? r : 0;
    r = unpark(s, id);
    if (r == 0)
        r = hy_parked_look(s);
    return r < 0 ? r : hy_became_due(s, id);
}

/* --- what a claim leaves for the next one ----------------------------------------------------- */

int hy_became_due(struct hy_sqlite *s, int64_t id)
{
    s->freed++;
    if (!s->claiming)
        return 0;
    if (s->became_due_count == s->became_due_capacity) {
        size_t capacity = s->became_due_capacity ? s->became_due_capacity * 2 : 64;
        int64_t *larger = (int64_t *)realloc(s->became_due, capacity * sizeof *larger);

        if (!larger)
            return HY_E_NOMEM;
        s->became_due = larger;
        s->became_due_capacity = capacity;
    }
    s->became_due[s->became_due_count++] = id;
    return 0;
}

bool hy_has_become_due(const struct hy_sqlite *s, int64_t id)
{
    for (size_t i = 0; i < s->became_due_count; i++)
        if (s->became_due[i] == id)
            return true;
    return false;
}
