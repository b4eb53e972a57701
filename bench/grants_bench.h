/*
 * grants_bench.h - the store that grants-bench measures, and how it is filled.
 */
#ifndef HY_BENCH_GRANTS_BENCH_H
#define HY_BENCH_GRANTS_BENCH_H

#include "store/grants.h"
#include "store/messages.h"

enum { TEMPLATES = 5 };

extern const char *const bench_templates[TEMPLATES];

struct bench {
    struct hy_store *store;
    struct hy_message_ids ids;
    struct hy_arena arena; /* of one call */
    int64_t app;
    int64_t grants, users;
    uint64_t random;
    int64_t now_ms; /* when it began */
};

/* Sets `app`: the first one of the store, or one that is made. */
void bench_find_app(struct bench *b);

/* Stores b->grants grants. */
void bench_fill(struct bench *b);

/* Messages to users who have none of their template: they stay. */
void bench_leave_waiting(struct bench *b, size_t count);

/* Messages for tomorrow. */
void bench_leave_queued(struct bench *b, size_t count);

/* A user's name, in the arena; one of those that were stored, drawn at random. */
const char *bench_user_text(struct bench *b, int64_t user);
int64_t bench_any_user(struct bench *b);

/* The template of a user's first counter: its place in bench_templates. */
int bench_first_template(int64_t user);

/* One accept, told by the page. */
void bench_counter_item(struct bench *b, struct hy_deposit_item *item, int64_t user, int template,
                        int64_t at_ms);

/* A draft, with texts in the arena. */
struct hy_message bench_message(struct bench *b, int64_t user, const char *template_id);

#endif
