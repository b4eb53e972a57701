/*
 * Whose a message is, of those that were claimed here: it will be settled soon, and then its user is to be
 * locked before it can be read. A message never changes its user, so what is noted here stays true whatever
 * others do, even that of a transaction that was rolled back; at worst it is about one that is gone.
 */
#include "store/postgres/desk_wants.h"

#include <stdlib.h>
#include <string.h>

/* Then it begins anew: what is asked for after that costs a round trip more. */
enum { HINTS_MAX = 20000 };

struct hy_desk_hint {
    int64_t app_no;
    char user[];
};

static void free_hint(void *hint, void *arg)
{
    (void)arg;
    free(hint);
}

void hy_desk_forget_hints(struct hy_pg *pg)
{
    hy_map_each(&pg->working->hints, free_hint, NULL);
    hy_map_deinit(&pg->working->hints);
    pg->working->hints = (struct hy_map){0};
}

void hy_desk_note_hint(struct hy_pg *pg, const struct hy_message *m)
{
    struct hy_map *hints = &pg->working->hints;
    size_t size = strlen(m->user) + 1;
    struct hy_desk_hint *hint;

    if (hy_map_get(hints, m->id, NULL, 0))
        return;
    if (hints->count >= HINTS_MAX)
        hy_desk_forget_hints(pg);
    hint = (struct hy_desk_hint *)hy_mem_alloc(sizeof *hint + size);
    hint->app_no = m->app_no;
    memcpy(hint->user, m->user, size);
    hy_map_put(hints, m->id, NULL, 0, hint);
}

bool hy_desk_use_hint(struct hy_pg *pg, int64_t id, unsigned parts)
{
    const struct hy_desk_hint *hint =
        (const struct hy_desk_hint *)hy_map_get(&pg->working->hints, id, NULL, 0);

    if (!hint)
        return false;
    hy_desk_want_message_of(pg, id, hint->app_no, hint->user, parts, false);
    return true;
}
