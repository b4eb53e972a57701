/*
 * pg_stores.h - whole stores on a database of PostgreSQL that is emptied for each test, and their verbs in
 * few words. Leases run by the server's clock here.
 */
#ifndef HY_TESTS_UNIT_STORE_PG_STORES_H
#define HY_TESTS_UNIT_STORE_PG_STORES_H

#include "pg_rig.h"

#include "store/apps.h"
#include "store/backend.h"
#include "store/nodes.h"

/* With threads; at `url` ("postgresql:..."). Ends the test when it cannot. */
struct hy_store *store_open(const char *url);
/* With a backend that is made of PostgreSQL's. */
struct hy_store *store_open_with(const struct hy_backend_ops *ops, const char *url);

/* Drops what stores have left, of tests before. */
void stores_forget(void);

int put_meta(struct hy_store *store, const char *name, const char *value);
/* What is there: "" for nothing, null when it cannot be read. Static storage. */
const char *get_meta(struct hy_store *store, const char *name);
/* An app with that id; its number. */
int64_t put_app(struct hy_store *store, const char *id);

struct beaten {
    int result;
    int64_t node;
    bool renewed;
    size_t nodes, removed, apps;
    int64_t took_us;
};
struct beaten beat_for(struct hy_store *store, int64_t lease_ms);

#endif
