/*
 * What became of a commit whose answer is lost: told truly whenever it can be, and nothing that was told to
 * have failed is there later.
 */
#include "pg_proxy.h"
#include "pg_stores.h"

#include "base/clock.h"

#include <stdlib.h>

enum { LONG_LEASE_MS = 600000 };

static struct hy_store *store; /* behind the proxy */

static void fresh(void)
{
    hy_store_close(store);
    store = NULL;
    proxy_stop();
    stores_forget();
    proxy_start(pg_url());
    store = store_open(proxy_url());
}

static void fresh_node(void)
{
    fresh();
    CHECK_INT(beat_for(store, LONG_LEASE_MS).result, 0);
    CHECK_INT(put_meta(store, "who", "before"), 0);
}

/* What is really there, read past the proxy. */
static const char *truth(const char *name)
{
    struct hy_store *direct = store_open(pg_url());
    const char *value = get_meta(direct, name);

    hy_store_close(direct);
    CHECK(value != NULL);
    return value;
}

/* It works again, perhaps after a while. */
static void check_mended(void)
{
    int64_t end_us = hy_clock_mono_us() + 20000000;

    while (put_meta(store, "mended", "yes") != 0) {
        CHECK(hy_clock_mono_us() < end_us);
        pg_sleep_ms(20);
    }
    CHECK_TEXT(truth("mended"), "yes");
}

static void one_that_did_not_arrive_was_not_done(void)
{
    fresh_node();
    proxy_spoil(PROXY_CUT_BEFORE);
    CHECK_INT(put_meta(store, "who", "lost"), HY_E_IO);
    CHECK(proxy_spoiled());
    CHECK_TEXT(truth("who"), "before");
    check_mended();
    CHECK_TEXT(truth("who"), "before");
}

static void one_that_arrived_was_done(void)
{
    fresh_node();
    proxy_spoil(PROXY_CUT_AFTER);
    CHECK_INT(put_meta(store, "who", "done"), 0);
    CHECK(proxy_spoiled());
    CHECK_TEXT(truth("who"), "done");
    check_mended();
}

/* The server doesn't notice that we are gone: it ends the idle transaction, and we wait for that. */
static void one_that_is_still_open_is_waited_for(void)
{
    fresh_node();
    proxy_spoil(PROXY_CUT_BETWEEN);
    CHECK_INT(put_meta(store, "who", "lost"), HY_E_IO);
    CHECK(proxy_spoiled());
    CHECK_TEXT(truth("who"), "before");
    check_mended();
}

/* The COMMIT is on its way all the time; whatever is told, it stays true when it arrives. */
static void one_that_arrives_late_changes_nothing(void)
{
    fresh_node();
    proxy_spoil(PROXY_HOLD);
    CHECK_INT(put_meta(store, "who", "late"), HY_E_IO);
    proxy_release();
    check_mended();
    CHECK_TEXT(truth("who"), "before");
}

static void one_that_was_not_sent_was_not_done(void)
{
    fresh_node();
    proxy_refuse(true);
    CHECK_INT(put_meta(store, "who", "unsent"), HY_E_IO);
    CHECK_TEXT(truth("who"), "before");
    proxy_refuse(false);
    check_mended();
}

/* Whoever looks before the writer has found out could see what is not true for long. */
static void while_nobody_can_tell_nobody_reads(void)
{
    int64_t began_us;

    fresh_node();
    proxy_spoil(PROXY_CUT_ALL);
    began_us = hy_clock_mono_us();
    CHECK_INT(put_meta(store, "who", "done"), HY_E_UNCERTAIN);
    CHECK(hy_clock_mono_us() - began_us < 8000000);
    CHECK(get_meta(store, "who") == NULL);
    CHECK_INT(put_meta(store, "who", "more"), HY_E_IO);
    proxy_refuse(false);
    check_mended();
    CHECK_TEXT(get_meta(store, "who"), "done");
}

/* Without a row of its own there is nothing to look at. */
static void without_a_node_it_is_uncertain(void)
{
    fresh();
    CHECK_INT(put_meta(store, "who", "before"), 0);
    proxy_spoil(PROXY_CUT_AFTER);
    CHECK_INT(put_meta(store, "who", "done"), HY_E_UNCERTAIN);
    CHECK_TEXT(truth("who"), "done");
    check_mended();
}

static void a_join_whose_answer_is_lost_is_known(void)
{
    struct beaten b, again;

    fresh();
    proxy_spoil(PROXY_CUT_AFTER);
    b = beat_for(store, LONG_LEASE_MS);
    CHECK_INT(b.result, 0);
    check_mended();
    again = beat_for(store, LONG_LEASE_MS);
    CHECK(again.renewed);
    CHECK_INT(again.node, b.node);
    CHECK_INT(again.nodes, 1);
}

static void a_beat_whose_answer_is_lost_is_known(void)
{
    struct beaten b;

    fresh_node();
    proxy_spoil(PROXY_CUT_AFTER);
    CHECK_INT(beat_for(store, LONG_LEASE_MS).result, 0);
    proxy_spoil(PROXY_CUT_BEFORE);
    CHECK_INT(beat_for(store, LONG_LEASE_MS).result, HY_E_IO);
    check_mended();
    b = beat_for(store, LONG_LEASE_MS);
    CHECK(b.renewed);
    CHECK_INT(b.nodes, 1);
}

/* Many, each of its own, some cut here and some there: what was told is what is there. */
static void what_was_told_is_what_is_there(void)
{
    enum { ROUNDS = 60 };
    static const enum proxy_act acts[] = {PROXY_PASS, PROXY_CUT_BEFORE, PROXY_CUT_AFTER};
    int results[ROUNDS];
    char name[20];

    fresh_node();
    for (int i = 0; i < ROUNDS; i++) {
        proxy_spoil(acts[i * 7 / 3 % 3]);
        snprintf(name, sizeof name, "n%d", i);
        results[i] = put_meta(store, name, "done");
        CHECK(results[i] == 0 || results[i] == HY_E_IO);
    }
    proxy_spoil(PROXY_PASS);
    check_mended();
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(name, sizeof name, "n%d", i);
        CHECK_TEXT(get_meta(store, name), results[i] == 0 ? "done" : "");
    }
}

int main(void)
{
    RUN(one_that_did_not_arrive_was_not_done);
    RUN(one_that_arrived_was_done);
    RUN(one_that_is_still_open_is_waited_for);
    RUN(one_that_arrives_late_changes_nothing);
    RUN(one_that_was_not_sent_was_not_done);
    RUN(while_nobody_can_tell_nobody_reads);
    RUN(without_a_node_it_is_uncertain);
    RUN(a_join_whose_answer_is_lost_is_known);
    RUN(a_beat_whose_answer_is_lost_is_known);
    RUN(what_was_told_is_what_is_there);
    hy_store_close(store);
    proxy_stop();
    return hy_tap_end();
}
