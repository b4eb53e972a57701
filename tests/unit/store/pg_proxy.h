/*
 * pg_proxy.h - between a store and its server, on a unix socket of its own: passes everything on, and
 * spoils the next COMMIT as it was told to. A thread; all calls from one other thread.
 */
#ifndef HY_TESTS_UNIT_STORE_PG_PROXY_H
#define HY_TESTS_UNIT_STORE_PG_PROXY_H

#include <stdbool.h>
#include <stddef.h>

enum proxy_act {
    PROXY_PASS,
    PROXY_CUT_BEFORE,  /* both sides are closed, the COMMIT did not arrive */
    PROXY_CUT_AFTER,   /* it arrives; the client's side is closed instead of the answer */
    PROXY_CUT_ALL,     /* as AFTER, and then proxy_refuse(true) */
    PROXY_CUT_BETWEEN, /* the client's side is closed, the server's stays open, without the COMMIT */
    PROXY_HOLD         /* as BETWEEN; and proxy_release() lets it arrive */
};

/* Before the server of `url` (pg_url()). */
void proxy_start(const char *url);
void proxy_stop(void);
/* Where the store is to connect. */
const char *proxy_url(void);

/* Of the next COMMIT of a store's writer, once. */
void proxy_spoil(enum proxy_act act);
bool proxy_spoiled(void); /* it came */
void proxy_release(void);
/* From now on no connections are let through, and those that are there are ended (true). */
void proxy_refuse(bool refuse);

#endif
