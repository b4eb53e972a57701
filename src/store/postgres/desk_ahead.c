/*
 * Whom a transaction should have waited for before it began: one that came upon somebody late, and found her
 * locked, is undone and run again. Then gather waits for her, and for all others, in the order of their numbers.
 * What was noted stays until a transaction is committed: each further try knows more.
 */
#include "store/postgres/desk_wants.h"

#include <stdlib.h>

struct ahead {
    int64_t app_no;
    char *user; /* null: the app as a whole */
};

void hy_desk_note_ahead(struct hy_pg *pg, int64_t app_no, const char *user)
{
    struct ahead *ahead = (struct ahead *)hy_mem_alloc(sizeof *ahead);

    *ahead = (struct ahead){app_no, user ? hy_mem_text(user) : NULL};
    hy_vector_push(&pg->working->ahead, ahead);
}

void hy_desk_want_ahead(struct hy_pg *pg)
{
    const struct hy_vector *all = &pg->working->ahead;

    for (size_t i = 0; i < all->count; i++) {
        const struct ahead *ahead = (const struct ahead *)all->items[i];

        if (ahead->user)
            hy_desk_want_user(pg, ahead->app_no, ahead->user, HY_DESK_LOCKED);
        else
            hy_desk_want_whole(pg, ahead->app_no);
    }
}

void hy_desk_forget_ahead(struct hy_pg *pg)
{
    struct hy_vector *all = &pg->working->ahead;

    while (all->count > 0) {
        struct ahead *ahead = (struct ahead *)all->items[--all->count];

        free(ahead->user);
        free(ahead);
    }
    hy_vector_deinit(all);
    *all = (struct hy_vector){0};
}
