#include "base/err.h"
#include "store/sqlite/verbs.h"

#include <string.h>

static int run(struct hy_sqlite *s, enum hy_sql which)
{
    struct hy_query q;

    hy_query_open(s, which, &q);
    return hy_query_run(&q);
}

/* On the writer's connection (inline mode has no reader) verbs that read run between transactions,
 * too. */
int hy_read_begin(struct hy_sqlite *s)
{
    hy_arena_reset(&s->scratch);
    return run(s, SQL_BEGIN_READ);
}

int hy_read_end(struct hy_sqlite *s, int result)
{
    int r = run(s, SQL_COMMIT);

    return result < 0 ? result : r;
}

/* --- one message ------------------------------------------------------------------------------ */

static void read_attempt(struct hy_query *q, struct hy_attempt *a)
{
    struct hy_judgement *j = &a->judgement;
    int64_t flags;

    a->number = (int32_t)hy_get_int(q);
    a->at_ms = hy_get_int(q);
    a->took_ms = hy_get_int(q);
    a->grant_id = hy_get_int(q);
    j->verdict = (enum hy_verdict)hy_get_int(q);
    j->hint = (enum hy_hint)hy_get_int(q);
    flags = hy_get_int(q);
    j->grant_refused = (flags & HY_ATTEMPT_GRANT_REFUSED) != 0;
    j->grant_used = (flags & HY_ATTEMPT_GRANT_USED) != 0;
    j->not_sent = (flags & HY_ATTEMPT_NOT_SENT) != 0;
    j->answered = (flags & HY_ATTEMPT_ANSWERED) != 0;
    a->grant_move = (enum hy_grant_move)(flags >> HY_ATTEMPT_MOVE_SHIFT);
    j->msgid = hy_get_int(q);
    hy_get_chars(q, j->errcode, sizeof j->errcode);
    hy_get_chars(q, j->errmsg, sizeof j->errmsg);
    hy_get_chars(q, j->rid, sizeof j->rid);
}

int hy_read_attempts(struct hy_sqlite *s, const struct hy_message *m, struct hy_arena *arena,
                     struct hy_attempt **ret_attempts, size_t *ret_count)
{
    size_t expected = (size_t)m->attempt_count;
    struct hy_query q;
    int r;

    *ret_attempts = NULL;
    *ret_count = 0;
    if (expected == 0)
        return 0;
    *ret_attempts = (struct hy_attempt *)hy_arena_array(arena, expected, sizeof **ret_attempts);
    if (!*ret_attempts)
        return HY_E_NOMEM;
    hy_query_open(s, SQL_ATTEMPTS, &q);
    hy_put_int(&q, m->id);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        if (*ret_count == expected) {
            hy_query_close(&q);
            return HY_E_CORRUPT;
        }
        read_attempt(&q, &(*ret_attempts)[(*ret_count)++]);
    }
    return r;
}

int hy_read_message(struct hy_sqlite *s, int64_t id, struct hy_arena *arena,
                    struct hy_message *ret_message)
{
    struct hy_query q;
    struct hy_row row;
    int r;

    hy_query_open(s, SQL_MESSAGE_FULL, &q);
    hy_put_int(&q, id);
    r = hy_query_step(&q);
    if (r <= 0)
        return r < 0 ? r : HY_E_NOT_FOUND;
    hy_message_read(&q, arena, &row);
    *ret_message = row.m;
    return hy_query_close(&q);
}

int hy_sqlite_message_get(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_message_get *v = (struct hy_message_get *)op;
    int r = hy_read_begin(s);

    if (r < 0)
        return r;
    r = hy_read_message(s, v->message_id, v->arena, &v->message);
    if (r == 0)
        r = hy_read_attempts(s, &v->message, v->arena, &v->attempts, &v->attempt_count);
    return hy_read_end(s, r);
}

/* --- lists ------------------------------------------------------------------------------------ */

/* How much one call may look at: a rare filter is searched in several calls, so that the reader's
 * thread belongs to nobody for long. */
enum { LOOKS_MAX = 20000 };

/* One more than the limit is looked for, to know whether there is more. */
static bool enough(const struct hy_message_list *v)
{
    return v->count > v->limit;
}

/* The rows of one bucket, newest first, as many as are still wanted. */
static int list_bucket(struct hy_sqlite *s, struct hy_message_list *v, int64_t bucket,
                       int64_t before_id)
{
    struct hy_query q;
    struct hy_row row;
    int r;

    hy_query_open(s, SQL_MESSAGE_OF_USER, &q);
    hy_put_int(&q, bucket);
    hy_put_int(&q, v->app_no);
    hy_put_text(&q, v->user);
    hy_put_int(&q, before_id);
    hy_put_int(&q, v->state);
    hy_put_text(&q, v->template_id);
    hy_put_text(&q, v->tag);
    hy_put_text(&q, v->reason);
    hy_put_int(&q, v->broadcast_id);
    hy_put_int(&q, (int64_t)(v->limit + 1 - v->count));
    while ((r = hy_query_step(&q)) == HY_ROW) {
        hy_message_read(&q, v->arena, &row);
        v->messages[v->count++] = row.m;
    }
    return r;
}

/* A number that belongs to `bucket`: HY_E_NOT_FOUND when there is none. */
static int ask_int(struct hy_sqlite *s, enum hy_sql which, int64_t value, int64_t *ret_value)
{
    struct hy_query q;

    hy_query_open(s, which, &q);
    hy_put_int(&q, value);
    return hy_query_int(&q, ret_value);
}

/* By user: from bucket to bucket, downwards, one look into the index each. */
int hy_list_user(struct hy_sqlite *s, struct hy_message_list *v, int64_t before_id)
{
    int64_t bucket;
    int looks = 0;
    int r = ask_int(s, SQL_MESSAGE_BUCKET_BELOW, before_id, &bucket);

    while (r == 0 && !enough(v) && looks++ < LOOKS_MAX) {
        r = list_bucket(s, v, bucket, before_id);
        if (r == 0 && !enough(v))
            r = ask_int(s, SQL_MESSAGE_LOWER_BUCKET, bucket, &bucket);
    }
    if (r == 0 && !enough(v)) { /* given up: everything above this bucket was looked at */
        r = ask_int(s, SQL_MESSAGE_BUCKET_TOP, bucket, &v->next_before_id);
        v->next_before_id++;
    }
    return r == HY_E_NOT_FOUND ? 0 : r;
}

static bool same(const char *text, const char *wanted)
{
    return !wanted || (text && strcmp(text, wanted) == 0);
}

static bool begins(const char *text, const char *with)
{
    return !with || (text && strncmp(text, with, strlen(with)) == 0);
}

/* The row of SQL_MESSAGE_WALK. */
static bool matches(struct hy_query *q, const struct hy_message_list *v, int64_t *ret_id)
{
    bool right;

    *ret_id = hy_get_int(q);
    right = v->app_no == 0 || hy_get_int(q) == v->app_no;
    q->column = 2;
    right = (v->state < 0 || hy_get_int(q) == v->state) && right;
    q->column = 3;
    right = right && same(hy_peek_text(q), v->user);
    right = right && same(hy_peek_text(q), v->template_id);
    right = right && same(hy_peek_text(q), v->tag);
    q->column = 6;
    return right && begins(hy_peek_text(q), v->reason);
}

/* Without a user: down the table, or the broadcast, a bounded number of rows. */
static int list_walk(struct hy_sqlite *s, struct hy_message_list *v, int64_t before_id)
{
    int64_t id = before_id;
    struct hy_query q;
    int looks = 0;
    int r;

    hy_query_open(s, v->broadcast_id > 0 ? SQL_MESSAGE_WALK_BROADCAST : SQL_MESSAGE_WALK, &q);
    hy_put_int(&q, before_id);
    hy_put_int(&q, LOOKS_MAX);
    if (v->broadcast_id > 0)
        hy_put_int(&q, v->broadcast_id);
    while (!enough(v) && (r = hy_query_step(&q)) == HY_ROW) {
        looks++;
        if (!matches(&q, v, &id))
            continue;
        r = hy_read_message(s, id, v->arena, &v->messages[v->count++]);
        if (r < 0) {
            hy_query_close(&q);
            return r;
        }
    }
    if (enough(v))
        return hy_query_close(&q);
    if (r == 0 && looks == LOOKS_MAX)
        v->next_before_id = id;
    return r;
}

int hy_sqlite_message_list(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_message_list *v = (struct hy_message_list *)op;
    int64_t before_id = v->before_id > 0 ? v->before_id : INT64_MAX;
    int r;

    v->count = 0;
    v->next_before_id = 0;
    v->messages = (struct hy_message *)hy_arena_array(v->arena, v->limit + 1, sizeof *v->messages);
    if (!v->messages)
        return HY_E_NOMEM;
    r = hy_read_begin(s);
    if (r < 0)
        return r;
    if (v->user && v->app_no > 0)
        r = hy_list_user(s, v, before_id);
    else
        r = list_walk(s, v, before_id);
    if (enough(v)) {
        v->count = v->limit;
        v->next_before_id = v->messages[v->limit - 1].id;
    }
    v->more = v->next_before_id > 0;
    return hy_read_end(s, r);
}

/* --- counts ----------------------------------------------------------------------------------- */

static int count_messages(struct hy_sqlite *s, struct hy_counts *v)
{
    size_t capacity = 0;
    void *counts = NULL;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_TALLIES, &q);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_count *count =
            hy_query_room(&q, v->arena, &counts, v->count, &capacity, sizeof *count);

        if (!count)
            return HY_E_NOMEM;
        v->count++;
        count->app_no = hy_get_int(&q);
        count->state = (enum hy_message_state)hy_get_int(&q);
        count->messages = hy_get_int(&q);
    }
    v->counts = counts;
    return r;
}

int hy_sqlite_counts(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_counts *v = (struct hy_counts *)op;
    struct hy_query q;
    int r = hy_read_begin(s);

    if (r < 0)
        return r;
    v->counts = NULL;
    v->count = 0;
    r = count_messages(s, v);
    if (r == 0) {
        hy_query_open(s, SQL_TALLY_GRANTS, &q);
        r = hy_query_int(&q, &v->grants_available);
    }
    return hy_read_end(s, r);
}
