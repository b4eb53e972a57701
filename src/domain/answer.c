#include "domain/answer.h"

const char *const hy_source_names[] = {"backend", "page", "event", NULL};
const char *const hy_answer_names[] = {"accept", "reject", "ban", "filter", "withdraw", NULL};

static int64_t distance(const struct hy_answer *a, int64_t at_ms)
{
    return a->at_ms > at_ms ? a->at_ms - at_ms : at_ms - a->at_ms;
}

static bool better(const struct hy_answer *a, const struct hy_answer *than, int64_t at_ms)
{
    int64_t da = distance(a, at_ms), dt = distance(than, at_ms);

    if (da != dt)
        return da < dt;
    if (a->at_ms != than->at_ms)
        return a->at_ms < than->at_ms;
    return a->id < than->id;
}

size_t hy_answer_pair(const struct hy_answer *answers, size_t count, enum hy_source source,
                      enum hy_answer_kind kind, int64_t at_ms, int64_t window_ms)
{
    size_t best = count;

    for (size_t i = 0; i < count; i++) {
        const struct hy_answer *a = &answers[i];

        if (a->kind != kind || a->told[source] >= a->uses || distance(a, at_ms) > window_ms)
            continue;
        if (best == count || better(a, &answers[best], at_ms))
            best = i;
    }
    return best;
}

size_t hy_answer_join(const struct hy_answer *answers, size_t count, enum hy_answer_kind kind,
                      int64_t at_ms, int32_t taps)
{
    size_t best = count, near = 0;

    for (size_t i = 0; i < count; i++) {
        const struct hy_answer *a = &answers[i];

        if (a->kind != kind)
            continue;
        near++;
        if (a->uses <= INT32_MAX - taps && (best == count || better(a, &answers[best], at_ms)))
            best = i;
    }
    if (best < count && (answers[best].at_ms == at_ms || near >= HY_ANSWERS_NEAR_MAX))
        return best;
    return count;
}

void hy_answer_add(struct hy_answer *answer, enum hy_source source, int32_t taps)
{
    answer->uses += taps;
    answer->told[source] += taps;
}

void hy_answer_span(enum hy_answer_kind kind, int64_t at_ms, int64_t window_ms,
                    int64_t withdrawn_at_ms, int64_t *ret_from_ms, int64_t *ret_to_ms)
{
    *ret_from_ms = at_ms - window_ms;
    *ret_to_ms = at_ms + window_ms;
    if (kind != HY_ANSWER_ACCEPT || withdrawn_at_ms == 0)
        return;
    if (at_ms > withdrawn_at_ms && *ret_from_ms <= withdrawn_at_ms)
        *ret_from_ms = withdrawn_at_ms + 1;
    if (at_ms <= withdrawn_at_ms && *ret_to_ms > withdrawn_at_ms)
        *ret_to_ms = withdrawn_at_ms;
}
