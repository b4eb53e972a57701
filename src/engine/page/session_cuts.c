/*
 * session_cuts.c - from when on the sessions of a user must be, in memory: asked for every request
 * of a page. A row only for users who were ever cut.
 */
#include "base/err.h"
#include "engine/page/session.h"

#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 256 };

/* No session lives longer (the maximum of session_ttl_s). */
static const int64_t longest_session_ms = 86400000;

struct hy_cut {
    struct hy_cut *next;
    int64_t app_no;
    int64_t at_ms;
    char user[]; /* "" = all */
};

/* FNV-1a. Users are given by the platform: nobody chooses them so that they meet. */
static uint64_t hash_of(int64_t app_no, const char *user)
{
    uint64_t hash = 14695981039346656037u ^ (uint64_t)app_no;

    for (; *user; user++)
        hash = (hash ^ (uint8_t)*user) * 1099511628211u;
    return hash ^ hash >> 32;
}

int hy_cuts_init(struct hy_cuts *cuts)
{
    *cuts = (struct hy_cuts){.bucket_count = BUCKETS_FIRST};
    if (pthread_rwlock_init(&cuts->lock, NULL) != 0)
        return HY_E_NOMEM;
    cuts->buckets = calloc(cuts->bucket_count, sizeof(struct hy_cut *));
    return cuts->buckets ? 0 : HY_E_NOMEM;
}

void hy_cuts_deinit(struct hy_cuts *cuts)
{
    for (size_t i = 0; cuts->buckets && i < cuts->bucket_count; i++) {
        while (cuts->buckets[i]) {
            struct hy_cut *next = cuts->buckets[i]->next;

            free(cuts->buckets[i]);
            cuts->buckets[i] = next;
        }
    }
    free(cuts->buckets);
    pthread_rwlock_destroy(&cuts->lock);
}

struct hy_cut *hy_cut_new(int64_t app_no, const char *user, int64_t at_ms)
{
    size_t size = user ? strlen(user) : 0;
    struct hy_cut *cut = calloc(1, sizeof *cut + size + 1);

    if (!cut)
        return NULL;
    cut->app_no = app_no;
    cut->at_ms = at_ms;
    memcpy(cut->user, user ? user : "", size);
    return cut;
}

/* Where the cut of that user is linked, or would be. */
static struct hy_cut **place_of(const struct hy_cuts *cuts, int64_t app_no, const char *user)
{
    struct hy_cut **at = &cuts->buckets[hash_of(app_no, user) & (cuts->bucket_count - 1)];

    while (*at && ((*at)->app_no != app_no || strcmp((*at)->user, user) != 0))
        at = &(*at)->next;
    return at;
}

static void drop_old(struct hy_cuts *cuts, int64_t now_ms)
{
    for (size_t i = 0; i < cuts->bucket_count; i++) {
        for (struct hy_cut **at = &cuts->buckets[i]; *at;) {
            struct hy_cut *cut = *at;

            if (cut->at_ms > now_ms - longest_session_ms) {
                at = &cut->next;
                continue;
            }
            *at = cut->next;
            free(cut);
            cuts->count--;
        }
    }
}

/* Without memory the chains just get longer. */
static void grow(struct hy_cuts *cuts)
{
    size_t old_count = cuts->bucket_count;
    struct hy_cut **old = cuts->buckets;
    struct hy_cut **buckets = calloc(old_count * 2, sizeof(struct hy_cut *));

    if (!buckets)
        return;
    cuts->buckets = buckets;
    cuts->bucket_count = old_count * 2;
    for (size_t i = 0; i < old_count; i++) {
        while (old[i]) {
            struct hy_cut *cut = old[i], **at;

            old[i] = cut->next;
            at = &buckets[hash_of(cut->app_no, cut->user) & (cuts->bucket_count - 1)];
            cut->next = *at;
            *at = cut;
        }
    }
    free(old);
}

void hy_cuts_put(struct hy_cuts *cuts, struct hy_cut *cut, int64_t now_ms)
{
    struct hy_cut **at;

    pthread_rwlock_wrlock(&cuts->lock);
    if (cuts->count >= cuts->bucket_count / 2) {
        drop_old(cuts, now_ms);
        if (cuts->count >= cuts->bucket_count / 4) /* or it would be looked through again soon */
            grow(cuts);
    }
    at = place_of(cuts, cut->app_no, cut->user);
    if (*at) {
        if ((*at)->at_ms < cut->at_ms)
            (*at)->at_ms = cut->at_ms;
        free(cut);
    } else {
        *at = cut;
        cuts->count++;
    }
    pthread_rwlock_unlock(&cuts->lock);
}

int hy_cuts_put_all(struct hy_engine *engine, const struct hy_session_cuts *read)
{
    for (size_t i = 0; i < read->count; i++) {
        const struct hy_session_cut_row *row = &read->cuts[i];
        struct hy_cut *cut = hy_cut_new(row->app_no, row->user, row->at_ms);

        if (!cut)
            return HY_E_NOMEM;
        hy_cuts_put(&engine->cuts, cut, engine->now_ms);
    }
    return 0;
}

int64_t hy_cuts_at(struct hy_cuts *cuts, int64_t app_no, const char *user)
{
    const struct hy_cut *own, *all;
    int64_t at_ms;

    pthread_rwlock_rdlock(&cuts->lock);
    own = *place_of(cuts, app_no, user);
    all = *place_of(cuts, app_no, "");
    at_ms = own ? own->at_ms : 0;
    if (all && all->at_ms > at_ms)
        at_ms = all->at_ms;
    pthread_rwlock_unlock(&cuts->lock);
    return at_ms;
}
