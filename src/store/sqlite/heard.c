#include "store/sqlite/heard.h"

#include "base/err.h"
#include "domain/message.h"

#include <stdlib.h>
#include <string.h>

int hy_heard_remember(struct hy_sqlite *s)
{
    struct hy_query q;
    int r;

    s->heard_first = 1;
    s->heard_last = 0;
    hy_query_open(s, SQL_HEARD_BOUNDS, &q);
    r = hy_query_step(&q);
    if (r != HY_ROW)
        return r;
    if (sqlite3_column_type(q.stmt, 0) != SQLITE_NULL) {
        s->heard_first = hy_get_int(&q);
        s->heard_last = hy_get_int(&q);
    }
    return hy_query_close(&q);
}

/* What is below counts no more. */
static int64_t first_bucket(const struct hy_sqlite *s, int64_t now_ms)
{
    int64_t first = now_ms >> HY_HEARD_SHIFT;

    return first > s->heard_first ? first : s->heard_first;
}

/* --- noting ----------------------------------------------------------------------------------- */

/* 1 when the message counts already. */
static int is_noted(struct hy_sqlite *s, const struct hy_message *m, int64_t now_ms)
{
    int r = HY_E_NOT_FOUND;

    for (int64_t b = first_bucket(s, now_ms); b <= s->heard_last && r == HY_E_NOT_FOUND; b++) {
        struct hy_query q;
        int64_t one;

        hy_query_open(s, SQL_HEARD_FIND, &q);
        hy_put_int(&q, b);
        hy_put_int(&q, m->app_no);
        hy_put_text(&q, m->user);
        hy_put_int(&q, m->id);
        hy_put_int(&q, now_ms);
        r = hy_query_int(&q, &one);
    }
    return r == HY_E_NOT_FOUND ? 0 : r < 0 ? r : 1;
}

int hy_heard_note(struct hy_sqlite *s, const struct hy_message *m, int64_t now_ms,
                  int64_t heard_for_ms)
{
    int64_t bucket = (now_ms + heard_for_ms) >> HY_HEARD_SHIFT;
    struct hy_query q;
    int r = m->attempt_count > 1 ? is_noted(s, m, now_ms) : 0;

    if (r != 0)
        return r < 0 ? r : 0;
    hy_query_open(s, SQL_HEARD_ADD, &q);
    hy_put_int(&q, bucket);
    hy_put_int(&q, m->app_no);
    hy_put_text(&q, m->user);
    hy_put_int(&q, m->id);
    hy_put_int(&q, now_ms);
    hy_put_int(&q, now_ms + heard_for_ms);
    hy_put_text(&q, m->template_id);
    r = hy_query_run(&q);
    if (r < 0)
        return r;
    if (s->heard_first > s->heard_last)
        s->heard_first = s->heard_last = bucket;
    if (bucket > s->heard_last)
        s->heard_last = bucket;
    if (bucket < s->heard_first)
        s->heard_first = bucket;
    return 0;
}

/* --- looking ---------------------------------------------------------------------------------- */

struct heard {
    int64_t at_ms;
    const char *template_id;
};

static int newest_first(const void *a, const void *b)
{
    int64_t x = ((const struct heard *)a)->at_ms, y = ((const struct heard *)b)->at_ms;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* All that counts for the user of `m`, newest first. */
static int read_heard(struct hy_sqlite *s, const struct hy_message *m, int64_t now_ms,
                      struct heard **ret_heard, size_t *ret_count)
{
    size_t count = 0, capacity = 0;
    void *all = NULL;
    int r = 0;

    for (int64_t b = first_bucket(s, now_ms); b <= s->heard_last && r == 0; b++) {
        struct hy_query q;

        hy_query_open(s, SQL_HEARD_OF_USER, &q);
        hy_put_int(&q, b);
        hy_put_int(&q, m->app_no);
        hy_put_text(&q, m->user);
        hy_put_int(&q, now_ms);
        while ((r = hy_query_step(&q)) == HY_ROW) {
            struct heard *h = hy_query_room(&q, &s->scratch, &all, count, &capacity, sizeof *h);

            if (!h)
                return HY_E_NOMEM;
            h->at_ms = hy_get_int(&q);
            h->template_id = hy_get_text(&q, &s->scratch);
            count++;
        }
    }
    if (count > 1)
        qsort(all, count, sizeof(struct heard), newest_first);
    *ret_heard = all;
    *ret_count = count;
    return r;
}

static int64_t free_at(const struct hy_cap *cap, const struct heard *heard, size_t count,
                       int64_t *at_ms, int64_t now_ms)
{
    int64_t used = 0;

    for (size_t i = 0; i < count; i++)
        if (!cap->template_id[0] || strcmp(cap->template_id, heard[i].template_id) == 0)
            at_ms[used++] = heard[i].at_ms;
    return hy_cap_free_at(cap, at_ms, used, now_ms);
}

int hy_heard_look(struct hy_sqlite *s, const struct hy_message *m, const struct hy_cap *caps,
                  size_t cap_count, int64_t now_ms, int64_t *ret_free_at_ms,
                  const char **ret_reason)
{
    struct heard *heard;
    int64_t *at_ms;
    size_t count;
    int r = read_heard(s, m, now_ms, &heard, &count);

    *ret_free_at_ms = 0;
    *ret_reason = NULL;
    if (r < 0 || count == 0)
        return r;
    at_ms = (int64_t *)hy_arena_array(&s->scratch, count, sizeof *at_ms);
    if (!at_ms)
        return HY_E_NOMEM;
    for (size_t i = 0; i < cap_count; i++) {
        bool mine = !caps[i].template_id[0] || strcmp(caps[i].template_id, m->template_id) == 0;
        int64_t free_ms = mine ? free_at(&caps[i], heard, count, at_ms, now_ms) : 0;

        if (free_ms > *ret_free_at_ms) {
            *ret_free_at_ms = free_ms;
            *ret_reason = caps[i].template_id[0] ? "cap.template" : "cap.app";
        }
    }
    return 0;
}
