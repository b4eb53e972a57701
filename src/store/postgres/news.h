/*
 * news.h - between news.c, which tells, and watch.c, which listens. Only src/store/postgres includes it.
 */
#ifndef HY_STORE_POSTGRES_NEWS_H
#define HY_STORE_POSTGRES_NEWS_H

#include "store/postgres/postgres.h"

#define HY_PG_CHANNEL "hongyan"

enum { HY_PG_PAYLOAD_BYTES = 96, HY_PG_SENDER_BYTES = 24 };

struct hy_pg_notice {
    char sender[HY_PG_SENDER_BYTES];
    enum hy_news news;
    int64_t id;
    int64_t at_ms; /* 0: not said */
};

/* False when it is none of ours. */
bool hy_pg_notice_read(const char *payload, struct hy_pg_notice *ret_notice);

/* --- watch.c: a thread that listens, from hy_store_watch() on ------------------------------------- */

/* `url` stays the caller's. Null: no memory, or no descriptors. */
struct hy_pg_watch *hy_pg_watch_new(const char *url);
void hy_pg_watch_free(struct hy_pg_watch *watch); /* null is legal; ends the thread */

/* hy_store_watch(). */
void hy_pg_watch_tell(struct hy_pg_watch *watch, hy_store_news *tell, void *arg);
/* We are that node now; 0 = none. Any thread. */
void hy_pg_watch_node(struct hy_pg_watch *watch, int64_t node);
/* Tells this store's own notifications from those of others. */
const char *hy_pg_watch_sender(const struct hy_pg_watch *watch);

#endif
