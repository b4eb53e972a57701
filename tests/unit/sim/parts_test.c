#include "tap.h"

#include "base/clock.h"
#include "sim/alarm.h"
#include "sim/ids.h"
#include "sim/inbox.h"
#include "sim/state.h"
#include "sim/table.h"

#include <pthread.h>
#include <stdlib.h>

/* --- the table -------------------------------------------------------------------------------- */

struct item {
    struct hy_sim_node node;
    int number;
    char key[16];
};

enum { ITEMS = 5000 };

static void free_item(struct hy_sim_node *node)
{
    free(node);
}

static bool is_odd(const struct hy_sim_node *node, int64_t now_ms)
{
    return ((const struct item *)node)->number % 2;
}

static void fill(struct hy_sim_table *t)
{
    hy_sim_table_init(t, offsetof(struct item, key));
    for (int i = 0; i < ITEMS; i++) {
        struct item *item = calloc(1, sizeof *item);

        item->number = i;
        snprintf(item->key, sizeof item->key, "key-%d", i);
        CHECK_INT(hy_sim_table_add(t, &item->node), 0);
    }
}

static void table_finds_what_it_holds(void)
{
    struct hy_sim_table t;
    char key[16];

    fill(&t);
    CHECK_INT(t.count, ITEMS);
    for (int i = 0; i < ITEMS; i++) {
        const struct item *item;

        snprintf(key, sizeof key, "key-%d", i);
        item = hy_sim_table_find(&t, key);
        CHECK(item && item->number == i);
    }
    CHECK(!hy_sim_table_find(&t, "key-5000"));
    CHECK(!hy_sim_table_find(&t, ""));
    CHECK(!hy_sim_table_find(&t, NULL));
    hy_sim_table_clear(&t, free_item);
    CHECK(!hy_sim_table_find(&t, "key-1"));
    CHECK_INT(t.count, 0);
}

static void table_removes_and_sweeps(void)
{
    struct hy_sim_table t;
    struct item *item;

    fill(&t);
    item = hy_sim_table_find(&t, "key-10");
    hy_sim_table_remove(&t, &item->node);
    free(item);
    CHECK(!hy_sim_table_find(&t, "key-10"));
    hy_sim_table_sweep(&t, is_odd, 0);
    CHECK_INT(t.count, ITEMS / 2 - 1);
    CHECK(!hy_sim_table_find(&t, "key-11"));
    CHECK(hy_sim_table_find(&t, "key-12"));
    hy_sim_table_clear(&t, free_item);
}

/* --- ids -------------------------------------------------------------------------------------- */

static void streams_do_not_disturb_each_other(void)
{
    struct hy_sim_ids a, b, other;
    char first[HY_SIM_OPENID_BYTES], second[HY_SIM_OPENID_BYTES], token[HY_SIM_TOKEN_BYTES];

    hy_sim_ids_init(&a, 42);
    hy_sim_ids_init(&b, 42);
    hy_sim_ids_init(&other, 43);
    hy_sim_token_text(&a, token);
    hy_sim_openid(&a, first);
    hy_sim_openid(&b, second);
    CHECK_TEXT(first, second);
    hy_sim_openid(&a, first);
    CHECK(strcmp(first, second) != 0);
    hy_sim_openid(&other, first);
    CHECK(strcmp(first, second) != 0);
}

static void msgids_keep_their_size(void)
{
    struct hy_sim_ids ids;

    hy_sim_ids_init(&ids, 1);
    for (int i = 0; i < 10000; i++) {
        uint64_t msgid = hy_sim_msgid(&ids);

        CHECK(msgid >= UINT64_C(1) << 60 && msgid < UINT64_C(1) << 62);
    }
}

/* --- the inbox -------------------------------------------------------------------------------- */

static void inbox_keeps_to_its_bytes(void)
{
    enum { SIZE = 1000, MOST = 100000 };
    struct hy_sim_inbox inbox;
    struct hy_sim_user users[3] = {0};
    char *big = calloc(1, SIZE);
    uint64_t put = 0, kept = 0;

    hy_sim_inbox_init(&inbox, MOST);
    for (; inbox.dropped < 10; put++)
        CHECK_INT(hy_sim_inbox_put(&inbox, &users[put % 3], 1, 0, big, SIZE), 0);
    CHECK(inbox.bytes <= MOST);
    CHECK(inbox.bytes > MOST - 2 * SIZE);
    CHECK_INT(inbox.kept + inbox.dropped, put);
    for (int i = 0; i < 3; i++)
        kept += users[i].phone.kept;
    CHECK_INT(kept, inbox.kept);
    CHECK_INT(users[0].phone.received + users[1].phone.received + users[2].phone.received, put);
    hy_sim_inbox_clear(&inbox);
    CHECK_INT(inbox.bytes, 0);
    free(big);
}

/* --- the alarm -------------------------------------------------------------------------------- */

enum { BELLS = 2000 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int rung, early;

} bells = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

struct bell {
    int64_t due_us;
};

static void ring(void *arg)
{
    const struct bell *bell = arg;

    pthread_mutex_lock(&bells.lock);
    bells.rung++;
    bells.early += hy_clock_mono_us() < bell->due_us;
    pthread_cond_signal(&bells.changed);
    pthread_mutex_unlock(&bells.lock);
}

static void alarms_ring_once_and_not_early(void)
{
    static struct bell all[BELLS];
    struct hy_sim_alarm *alarm;
    int64_t start_us;

    bells.rung = bells.early = 0;
    CHECK_INT(hy_sim_alarm_start(&alarm), 0);
    start_us = hy_clock_mono_us();
    for (int i = 0; i < BELLS; i++) {
        int64_t delay_ms = 100 + i * 7919 % 50;

        all[i].due_us = start_us + delay_ms * 1000;
        hy_sim_alarm_add(alarm, delay_ms, ring, &all[i]);
    }
    pthread_mutex_lock(&bells.lock);
    while (bells.rung < BELLS)
        pthread_cond_wait(&bells.changed, &bells.lock);
    pthread_mutex_unlock(&bells.lock);
    CHECK_INT(bells.early, 0);
    hy_sim_alarm_free(alarm);
}

static void a_quiet_alarm_keeps_nothing(void)
{
    static struct bell bell;
    struct hy_sim_alarm *alarm;

    bells.rung = 0;
    CHECK_INT(hy_sim_alarm_start(&alarm), 0);
    for (int i = 0; i < 10; i++)
        hy_sim_alarm_add(alarm, 600000, ring, &bell);
    hy_sim_alarm_quiesce(alarm);
    CHECK_INT(bells.rung, 10);
    hy_sim_alarm_add(alarm, 600000, ring, &bell);
    CHECK_INT(bells.rung, 11);
    hy_sim_alarm_free(alarm);
    hy_sim_alarm_free(NULL);
}

int main(void)
{
    RUN(table_finds_what_it_holds);
    RUN(table_removes_and_sweeps);
    RUN(streams_do_not_disturb_each_other);
    RUN(msgids_keep_their_size);
    RUN(inbox_keeps_to_its_bytes);
    RUN(alarms_ring_once_and_not_early);
    RUN(a_quiet_alarm_keeps_nothing);
    return hy_tap_end();
}
