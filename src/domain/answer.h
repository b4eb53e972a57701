/*
 * answer.h - what a user answered when a page asked for permission, and who told us.
 *
 * One tap is told by up to three sources: the page itself, the caller's backend, the platform's
 * event. Each may lose its word, repeat it, or come late. An answer is one tap (or `uses` taps at one
 * instant); `told` counts by source how many of them each has told. A tell of a source that has not
 * told an answer of the same kind, at most the app's accept window away, is taken for that answer:
 * nearest first, of two equally near ones the earlier. Otherwise it is a new one; those of one instant
 * are kept together (hy_answer_join()), and so is what is too much to be a user's own taps.
 *
 * So `uses` is the largest of `told`, and each source's word counts once. That a source repeats
 * itself is found before, by the identity of its report or event (store/grants.h).
 */
#ifndef HY_DOMAIN_ANSWER_H
#define HY_DOMAIN_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hy_source { HY_SOURCE_BACKEND, HY_SOURCE_PAGE, HY_SOURCE_EVENT, HY_SOURCES };

/* "backend", "page", "event"; ended by a null. The numbers are stored: append, never reorder. */
extern const char *const hy_source_names[];

enum hy_answer_kind {
    HY_ANSWER_ACCEPT,
    HY_ANSWER_REJECT,   /* in the pop-up: what was accepted before stays good */
    HY_ANSWER_BAN,      /* the platform has banned the template */
    HY_ANSWER_FILTER,   /* not shown: another template of the same title was */
    HY_ANSWER_WITHDRAW, /* in the settings: what was accepted before is void */
    HY_ANSWERS
};

/* "accept", "reject", "ban", "filter", "withdraw"; ended by a null. Stored, as above. */
extern const char *const hy_answer_names[];

struct hy_answer {
    int64_t id;
    int64_t app_no;
    const char *user;
    const char *template_id;
    enum hy_answer_kind kind;
    int32_t uses;             /* taps */
    int32_t told[HY_SOURCES]; /* how many of them each source told */
    int64_t at_ms;            /* as the first source told it */
};

/*
 * Which of `answers` (one user, one template, any order) a tell of one tap means: its index, or
 * `count` when it is a new one. Of several at the same instant it is the one with the smaller id.
 */
size_t hy_answer_pair(const struct hy_answer *answers, size_t count, enum hy_source source,
                      enum hy_answer_kind kind, int64_t at_ms, int64_t window_ms);

/* So many answers of a user are looked at for one tell, whatever is told: see below. */
enum { HY_ANSWERS_NEAR_MAX = 64 };

/*
 * Which of `answers` (those of hy_answer_span(), any order) so many new taps are added to: its index,
 * or `count` when they are an answer of their own. To the one of the same kind at the same instant; and
 * when there are HY_ANSWERS_NEAR_MAX of that kind, to the nearest, of equally near ones the earlier:
 * counts stay exact then, instants do not. Which source told what is no matter: words pair with the
 * joined answer one to one, as they would with several at its instant.
 */
size_t hy_answer_join(const struct hy_answer *answers, size_t count, enum hy_answer_kind kind,
                      int64_t at_ms, int32_t taps);

/* Adds new taps that this source told. */
void hy_answer_add(struct hy_answer *answer, enum hy_source source, int32_t taps);

/*
 * The instants at which an answer may lie that a tell of `kind` at `at_ms` means: the window, but not
 * across the user's newest withdrawal (0 = none). What she accepts after it is a tap of its own.
 */
void hy_answer_span(enum hy_answer_kind kind, int64_t at_ms, int64_t window_ms,
                    int64_t withdrawn_at_ms, int64_t *ret_from_ms, int64_t *ret_to_ms);

#endif
