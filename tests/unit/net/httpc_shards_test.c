/* Which group of connections a request goes to, without a network. */
#include "tap.h"

#include "net/httpc_shards.h"

#include <string.h>

enum { MAX = 512, COMMON = 128, OWN = 32, SMALL = 8 };
static const int64_t keep_us = 1000;

static struct hy_httpc_loop loop;
static struct hy_httpc_shards shards;
static int64_t now_us = 1000000;

static void set_up(size_t connections_max)
{
    CHECK_INT(hy_httpc_loop_init(&loop), 0);
    CHECK_INT(hy_httpc_shards_init(&shards, &loop, connections_max, keep_us), 0);
}

static struct hy_httpc_shard *take(uint64_t host)
{
    return hy_httpc_shards_take(&shards, host, now_us);
}

static void give_back(struct hy_httpc_shard *shard, uint64_t host)
{
    hy_httpc_shards_give_back(&shards, shard, host, now_us);
}

/* Takes `count`, which all have to be in the shard with that number. */
static void take_in(size_t number, uint64_t host, int count)
{
    int elsewhere = 0;

    for (int i = 0; i < count; i++)
        elsewhere += take(host) != loop.shards[number];
    CHECK_INT(elsewhere, 0);
}

static void a_busy_host_gets_shards_of_its_own(void)
{
    set_up(MAX);
    take_in(0, 1, SMALL);
    take_in(1, 1, OWN);
    take_in(2, 1, 1);
    give_back(loop.shards[1], 1);
    take_in(1, 1, 1); /* the first one with room, although common has room for a small host */
    give_back(loop.shards[0], 1);
    take_in(2, 1, 1);
    hy_httpc_loop_deinit(&loop);
}

static void small_hosts_share(void)
{
    set_up(MAX);
    for (uint64_t host = 0; host < COMMON / SMALL; host++)
        take_in(0, host, SMALL);
    CHECK_INT(loop.shard_count, 1);
    take_in(1, 50, 1); /* full */
    hy_httpc_loop_deinit(&loop);
}

static void hosts_are_kept_apart(void)
{
    set_up(MAX);
    take_in(0, 1, SMALL);
    take_in(1, 1, 1);
    take_in(0, 2, SMALL);
    take_in(2, 2, OWN);
    take_in(3, 2, 1);
    take_in(1, 1, OWN - 1);
    hy_httpc_loop_deinit(&loop);
}

static void an_idle_shard_finds_another_host(void)
{
    set_up(MAX);
    take_in(0, 1, SMALL);
    take_in(1, 1, 1);
    give_back(loop.shards[1], 1);
    now_us += keep_us; /* its connection may still be of use */
    take_in(0, 2, SMALL);
    take_in(2, 2, 1);
    now_us++;
    take_in(0, 3, SMALL);
    take_in(1, 3, 1);
    take_in(3, 1, 1); /* it is not its own any more */
    hy_httpc_loop_deinit(&loop);
}

/* All can be used by one host or by many, and not one more. */
static void fill(size_t connections_max, uint64_t hosts)
{
    size_t room = 0, over = 0;

    set_up(connections_max);
    for (size_t i = 0; i < connections_max; i++)
        take(i % hosts);
    for (size_t i = 0; i < loop.shard_count; i++) {
        room += loop.shards[i]->busy_max;
        over += loop.shards[i]->busy > loop.shards[i]->busy_max;
    }
    CHECK_INT(room, connections_max);
    CHECK_INT(over, 0);
    CHECK(take(hosts) == loop.shards[0]);
    CHECK_INT(loop.shards[0]->busy, loop.shards[0]->busy_max + 1);
    hy_httpc_loop_deinit(&loop);
}

static void all_connections_can_be_used(void)
{
    static const size_t sizes[] = {1, 3, 128, 129, 512, 1000, 2048, 100000};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fill(sizes[i], 1);
        fill(sizes[i], 100);
    }
}

static void a_host_is_scheme_name_and_port(void)
{
    uint64_t mark = hy_httpc_host_mark("https://a.example/b?c");

    CHECK(hy_httpc_host_mark("https://a.example") == mark);
    CHECK(hy_httpc_host_mark("https://a.example?c") == mark);
    CHECK(hy_httpc_host_mark("https://a.example:8443/b?c") != mark);
    CHECK(hy_httpc_host_mark("http://a.example/b?c") != mark);
    CHECK(hy_httpc_host_mark("https://b.example/b?c") != mark);
    CHECK(hy_httpc_host_mark("") == hy_httpc_host_mark(""));
}

int main(void)
{
    RUN(a_busy_host_gets_shards_of_its_own);
    RUN(small_hosts_share);
    RUN(hosts_are_kept_apart);
    RUN(an_idle_shard_finds_another_host);
    RUN(all_connections_can_be_used);
    RUN(a_host_is_scheme_name_and_port);
    return hy_tap_end();
}
