/*
 * templates.h - the store's verbs for the templates of an app, as the platform told them. See store.h
 * for what all verbs share.
 */
#ifndef HY_STORE_TEMPLATES_H
#define HY_STORE_TEMPLATES_H

#include "domain/template.h"
#include "store/store.h"

/*
 * `replace` true: the app's templates of the given kinds are these from now on, others of those kinds
 * are deleted; false: adds these or puts them in place of the ones with their ids. Also notes
 * synced_at_ms (max of the templates' and now_ms) for the kinds (replace only). HY_E_NOT_FOUND: no app
 * in use has that number.
 */
struct hy_templates_put {
    struct hy_op op;
    int64_t app_no;
    bool replace;
    bool kinds[HY_TEMPLATE_KINDS]; /* replace: which */
    struct hy_template *templates;
    size_t count; /* at most 1000 */
    int64_t now_ms;
    size_t added;   /* out */
    size_t removed; /* out */
};

/* HY_E_NOT_FOUND. */
struct hy_template_delete {
    struct hy_op op;
    int64_t app_no;
    const char *template_id;
};

/* When an app's templates of a kind were synced last. */
struct hy_template_sync {
    int64_t app_no;
    enum hy_template_kind kind;
    int64_t synced_at_ms;
};

/* All templates of all apps in use (app_no 0), or of one; by app, kind, then title and id. */
struct hy_templates {
    struct hy_op op;
    int64_t app_no;
    struct hy_arena *arena;
    struct hy_template *templates;  /* out */
    size_t count;                   /* out */
    struct hy_template_sync *syncs; /* out: only those that were ever synced */
    size_t sync_count;              /* out */
};

#endif
