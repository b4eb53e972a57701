/* What a transaction wants of the database: noted here, each thing once. desk.h */
#include "store/postgres/desk_wants.h"

#include <string.h>

struct desk_id { /* a message that was wanted */
    int64_t id;  /* first: wants hold pointers to it */
    unsigned parts;
    bool placed; /* its user is known: it is here, or nowhere */
    bool fresh;  /* only asked for whether it is taken */
};

struct hy_desk_user *hy_desk_user(struct hy_pg *pg, int64_t app_no, const char *user)
{
    struct hy_mem_user *found = hy_mem_user(&pg->desk, app_no, user);

    return found ? (struct hy_desk_user *)found->desk : NULL;
}

static struct hy_desk_user *user_made(struct hy_pg *pg, int64_t app_no, const char *name)
{
    struct hy_mem_user *user = hy_mem_user_made(&pg->desk, app_no, name);
    struct hy_desk_user *made = (struct hy_desk_user *)user->desk;

    if (made)
        return made;
    made = (struct hy_desk_user *)hy_desk_alloc(pg, sizeof *made);
    made->user = user;
    user->desk = made;
    hy_vector_push(&pg->working->users, made);
    return made;
}

void hy_desk_want_user(struct hy_pg *pg, int64_t app_no, const char *name, unsigned parts)
{
    struct hy_desk_user *user = user_made(pg, app_no, name);
    bool queued = (user->wanted & ~user->there) != 0;

    user->wanted |= parts & (HY_DESK_TELLS | HY_DESK_HEARD | HY_DESK_LOCKED);
    if (!(parts & HY_DESK_LOCKED))
        user->wanted |= HY_DESK_GRANTS;
    if (!(parts & (HY_DESK_LOCKED | HY_DESK_BARE)))
        user->wanted |= HY_DESK_LISTS;
    if (!queued && (user->wanted & ~user->there))
        hy_vector_push(&pg->working->wants.users, user);
}

void hy_desk_want_over(struct hy_pg *pg, struct hy_desk_user *user)
{
    bool queued = (user->wanted & ~user->there) != 0;

    user->wanted |= HY_DESK_OVER;
    if (!queued && (user->wanted & ~user->there))
        hy_vector_push(&pg->working->wants.users, user);
}

static struct desk_id *id_of(struct hy_pg *pg, int64_t id)
{
    return (struct desk_id *)hy_map_get(&pg->working->ids, id, NULL, 0);
}

static struct desk_id *id_made(struct hy_pg *pg, int64_t id)
{
    struct desk_id *made = id_of(pg, id);

    if (made)
        return made;
    made = (struct desk_id *)hy_desk_alloc(pg, sizeof *made);
    made->id = id;
    hy_map_put(&pg->working->ids, id, NULL, 0, made);
    return made;
}

bool hy_desk_has_message(struct hy_pg *pg, int64_t id)
{
    const struct desk_id *wanted = id_of(pg, id);

    return hy_mem_message(&pg->desk, id) || (wanted && wanted->placed);
}

void hy_desk_want_message_of(struct hy_pg *pg, int64_t id, int64_t app_no, const char *user,
                             unsigned parts, bool locked)
{
    struct desk_id *wanted = id_made(pg, id);

    hy_desk_want_user(pg, app_no, user, parts);
    if (locked)
        hy_desk_note_locked(pg, user_made(pg, app_no, user));
    if (wanted->placed || hy_mem_message(&pg->desk, id))
        return;
    wanted->placed = true;
    hy_vector_push(&pg->working->wants.messages, wanted);
}

void hy_desk_want_message(struct hy_pg *pg, int64_t id, unsigned parts)
{
    const struct hy_mem_message *here = hy_mem_message(&pg->desk, id);
    struct desk_id *wanted;

    if (here) {
        hy_desk_want_user(pg, here->m.app_no, here->m.user, parts);
        return;
    }
    wanted = id_of(pg, id);
    if (!wanted && hy_desk_use_hint(pg, id, parts))
        return;
    if (wanted && wanted->placed) {
        hy_desk_use_hint(pg, id, parts);
        return;
    }
    if (wanted && !wanted->fresh) {
        wanted->parts |= parts;
        return;
    }
    wanted = id_made(pg, id);
    wanted->fresh = false;
    wanted->parts = parts;
    hy_vector_push(&pg->working->wants.unplaced, wanted);
}

void hy_desk_want_id(struct hy_pg *pg, int64_t id)
{
    struct desk_id *wanted;

    if (hy_mem_message(&pg->desk, id) || id_of(pg, id))
        return;
    wanted = id_made(pg, id);
    wanted->fresh = true;
    hy_vector_push(&pg->working->wants.fresh, wanted);
}

/* True the first time. */
static bool first_time(struct hy_pg *pg, char kind, int64_t app_no, const void *bytes, size_t size)
{
    size_t key_size = size + 1;
    char *key = (char *)hy_desk_alloc(pg, key_size);

    key[0] = kind;
    memcpy(key + 1, bytes, size);
    if (hy_map_get(&pg->working->seen, app_no, key, key_size))
        return false;
    hy_map_put(&pg->working->seen, app_no, key, key_size, pg);
    return true;
}

void hy_desk_want_grant(struct hy_pg *pg, int64_t id)
{
    int64_t *wanted;

    if (!first_time(pg, 'g', id, "", 0))
        return;
    wanted = (int64_t *)hy_desk_alloc(pg, sizeof *wanted);
    *wanted = id;
    hy_vector_push(&pg->working->wants.grants, wanted);
}

void hy_desk_want_key(struct hy_pg *pg, const uint8_t key[HY_FINGERPRINT_BYTES], int64_t now_ms,
                      int64_t window_ms)
{
    struct hy_desk_key *wanted;

    if (!first_time(pg, 'k', 0, key, HY_FINGERPRINT_BYTES))
        return;
    wanted = (struct hy_desk_key *)hy_desk_alloc(pg, sizeof *wanted);
    memcpy(wanted->key, key, sizeof wanted->key);
    wanted->at_ms = now_ms;
    wanted->window_ms = window_ms;
    hy_vector_push(&pg->working->wants.keys, wanted);
}

void hy_desk_want_credential(struct hy_pg *pg, int64_t app_no, const char *credential)
{
    struct hy_desk_credential *wanted;

    if (!first_time(pg, 'c', app_no, credential, strlen(credential)))
        return;
    wanted = (struct hy_desk_credential *)hy_desk_alloc(pg, sizeof *wanted);
    *wanted = (struct hy_desk_credential){app_no, hy_desk_text(pg, credential)};
    hy_vector_push(&pg->working->wants.credentials, wanted);
}

void hy_desk_want_identity(struct hy_pg *pg, int64_t app_no,
                           const uint8_t identity[HY_IDENTITY_BYTES], int64_t at_ms)
{
    struct hy_desk_identity *wanted;

    if (!first_time(pg, 'i', app_no, identity, HY_IDENTITY_BYTES))
        return;
    wanted = (struct hy_desk_identity *)hy_desk_alloc(pg, sizeof *wanted);
    wanted->app_no = app_no;
    memcpy(wanted->bytes, identity, sizeof wanted->bytes);
    wanted->at_ms = at_ms;
    hy_vector_push(&pg->working->wants.identities, wanted);
}

/* Spans may overlap: whoever reads them looks what is there. */
void hy_desk_want_answers(struct hy_pg *pg, int64_t app_no, const char *user,
                          const char *template_id, int64_t from_ms, int64_t to_ms)
{
    struct hy_desk_span *wanted = (struct hy_desk_span *)hy_desk_alloc(pg, sizeof *wanted);

    *wanted = (struct hy_desk_span){app_no, hy_desk_text(pg, user), hy_desk_text(pg, template_id),
                                    from_ms, to_ms};
    hy_vector_push(&pg->working->wants.spans, wanted);
}

unsigned hy_desk_parts_wanted(struct hy_pg *pg, int64_t id)
{
    const struct desk_id *wanted = id_of(pg, id);

    return wanted ? wanted->parts : 0;
}
