#include "store/sqlite/held.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES = 4096, TEXTS = 4 };

struct place {
    struct hy_grant grant; /* its texts point into `texts`; id 0: nobody */
    char *texts;
    size_t capacity;
};

struct hy_held {
    struct place places[PLACES];
};

struct hy_held *hy_held_new(void)
{
    return (struct hy_held *)calloc(1, sizeof(struct hy_held));
}

void hy_held_free(struct hy_held *held)
{
    for (size_t i = 0; held && i < PLACES; i++)
        free(held->places[i].texts);
    free(held);
}

static size_t place_of(int64_t id)
{
    return (size_t)id % PLACES;
}

static void list_texts(struct hy_grant *grant, const char **ret_texts[TEXTS])
{
    ret_texts[0] = &grant->user;
    ret_texts[1] = &grant->template_id;
    ret_texts[2] = &grant->credential;
    ret_texts[3] = &grant->reason;
}

static bool make_room(struct place *p, size_t bytes)
{
    char *larger;

    if (bytes <= p->capacity)
        return true;
    larger = (char *)malloc(bytes);
    if (!larger)
        return false;
    free(p->texts);
    p->texts = larger;
    p->capacity = bytes;
    return true;
}

void hy_held_put(struct hy_held *held, const struct hy_grant *grant)
{
    struct place *p = &held->places[place_of(grant->id)];
    struct hy_grant copy = *grant;
    const char **texts[TEXTS];
    size_t sizes[TEXTS], bytes = 0;
    char *at;

    if (grant->uses_reserved == 0) {
        hy_held_forget(held, grant->id);
        return;
    }
    p->grant.id = 0;
    list_texts(&copy, texts);
    for (size_t i = 0; i < TEXTS; i++)
        bytes += sizes[i] = *texts[i] ? strlen(*texts[i]) + 1 : 0;
    if (!make_room(p, bytes))
        return; /* it is only slower */
    at = p->texts;
    for (size_t i = 0; i < TEXTS; i++)
        if (*texts[i]) {
            *texts[i] = (const char *)memcpy(at, *texts[i], sizes[i]);
            at += sizes[i];
        }
    p->grant = copy;
}

int hy_held_get(const struct hy_held *held, int64_t id, struct hy_arena *arena,
                struct hy_grant *ret_grant)
{
    const struct place *p = &held->places[place_of(id)];
    struct hy_grant copy = p->grant;
    const char **texts[TEXTS];

    if (id == 0 || copy.id != id)
        return 0;
    list_texts(&copy, texts);
    for (size_t i = 0; i < TEXTS; i++)
        if (*texts[i]) {
            *texts[i] = hy_arena_strdup(arena, *texts[i]);
            if (!*texts[i])
                return HY_E_NOMEM;
        }
    *ret_grant = copy;
    return 1;
}

void hy_held_forget(struct hy_held *held, int64_t id)
{
    struct place *p = &held->places[place_of(id)];

    if (p->grant.id == id)
        p->grant.id = 0;
}

void hy_held_forget_all(struct hy_held *held)
{
    for (size_t i = 0; i < PLACES; i++)
        held->places[i].grant.id = 0;
}
