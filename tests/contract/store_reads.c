/* Lists and counts. */
#include "store_cases.h"

static struct hy_message_list all(void)
{
    return (struct hy_message_list){.state = -1, .limit = 1000, .arena = &rig.arena};
}

/* Follows the pages to the end; checks order and that nothing comes twice. How many there were. */
static size_t walk(struct hy_message_list filter, size_t page, int64_t *ret_ids, size_t room)
{
    int64_t last = INT64_MAX;
    size_t count = 0;
    int pages = 0;

    filter.limit = page;
    do {
        CHECK_INT(run(&filter.op, HY_VERB_MESSAGE_LIST), 0);
        CHECK(filter.count <= page);
        for (size_t i = 0; i < filter.count; i++) {
            CHECK(filter.messages[i].id < last);
            last = filter.messages[i].id;
            if (count < room)
                ret_ids[count] = last;
            count++;
        }
        CHECK((filter.next_before_id != 0) == filter.more);
        CHECK(!filter.more || filter.next_before_id <= last);
        filter.before_id = filter.next_before_id;
        CHECK(++pages < 1000);
    } while (filter.more);
    return count;
}

static void the_newest_comes_first(void)
{
    struct hy_message *m[3];
    struct hy_message_list v = all();

    for (int i = 0; i < 3; i++)
        m[i] = post("u");
    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
    CHECK_INT(v.count, 3);
    CHECK(!v.more);
    for (int i = 0; i < 3; i++)
        CHECK_INT(v.messages[i].id, m[2 - i]->id);
    CHECK_TEXT(v.messages[0].user, "u");
    CHECK_TEXT(v.messages[0].data, m[2]->data);
    CHECK_TEXT(v.messages[0].reason, "no_grant.never");
    v.before_id = m[1]->id;
    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
    CHECK_INT(v.count, 1);
    CHECK_INT(v.messages[0].id, m[0]->id);
}

static void an_id_that_is_late_finds_its_place(void)
{
    struct hy_message *early = draft("a");
    struct hy_message *late = draft("b");
    struct hy_message_list v = all();

    CHECK_INT(admit(late), 0);
    CHECK_INT(admit(early), 0);
    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
    CHECK_INT(v.messages[0].id, late->id);
    CHECK_INT(v.messages[1].id, early->id);
    CHECK_INT(get(early->id)->id, early->id);
}

static void pages_have_no_gaps_and_no_doubles(void)
{
    int64_t expected[250], ids[250];

    for (int i = 249; i >= 0; i--)
        expected[i] = post(i % 3 ? "u" : "v")->id;
    for (size_t page = 1; page <= 251; page += page < 5 ? 1 : 82) {
        CHECK_INT(walk(all(), page, ids, 250), 250);
        CHECK(memcmp(ids, expected, sizeof ids) == 0);
    }
}

static void pages_stay_right_while_messages_come(void)
{
    struct hy_message_list v = all();
    size_t seen = 0;

    for (int i = 0; i < 20; i++)
        post("u");
    v.limit = 5;
    do {
        CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
        seen += v.count;
        v.before_id = v.next_before_id;
        post("u"); /* newer: not for this walk */
    } while (v.more);
    CHECK_INT(seen, 20);
}

static void filters_choose(void)
{
    struct hy_message_list v = all();
    struct hy_message *m;
    int64_t id;

    for (int i = 0; i < 30; i++)
        post(i % 2 ? "a" : "b");
    m = draft("a");
    m->tag = "x";
    m->template_id = "T2";
    m->on_missing = HY_ON_MISSING_WAIT;
    CHECK_INT(admit(m), 0);
    for (int i = 0; i < 30; i++)
        post("c");
    v.user = "a";
    CHECK_INT(walk(v, 4, &id, 1), 16);
    v.state = HY_MESSAGE_WAITING;
    CHECK_INT(walk(v, 4, &id, 1), 1);
    CHECK_INT(id, m->id);
    v = all();
    v.tag = "x";
    CHECK_INT(walk(v, 4, &id, 1), 1);
    CHECK_INT(id, m->id);
    v.tag = "X";
    CHECK_INT(walk(v, 4, &id, 1), 0);
    v = all();
    v.template_id = "T2";
    CHECK_INT(walk(v, 4, &id, 1), 1);
    CHECK_INT(id, m->id);
    v = all();
    v.app_no = rig.app;
    CHECK_INT(walk(v, 10, &id, 1), 61);
    v.app_no = rig.app + 1;
    CHECK_INT(walk(v, 10, &id, 1), 0);
    v = all();
    v.state = HY_MESSAGE_FAILED;
    CHECK_INT(walk(v, 7, &id, 1), 60);
    v.state = HY_MESSAGE_QUEUED;
    CHECK_INT(walk(v, 7, &id, 1), 0);
    v = all();
    v.app_no = rig.app;
    v.user = "a";
    v.state = HY_MESSAGE_WAITING;
    v.template_id = "T2";
    v.tag = "x";
    CHECK_INT(walk(v, 7, &id, 1), 1);
    v.before_id = m->id;
    CHECK_INT(walk(v, 7, &id, 1), 0);
}

static void limits_have_bounds(void)
{
    struct hy_message_list v = all();

    v.limit = 0;
    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), HY_E_INVALID);
    v.limit = 1001;
    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), HY_E_INVALID);
    v.limit = 1;
    v.state = HY_MESSAGE_STATES;
    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), HY_E_INVALID);
    v.state = -1;
    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
    CHECK_INT(v.count, 0);
}

static void what_is_not_there_is_not_found(void)
{
    struct hy_message_get v = {.message_id = 4711, .arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_GET), HY_E_NOT_FOUND);
    post("u");
    v.message_id = rig.ids.last + 1;
    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_GET), HY_E_NOT_FOUND);
    v.message_id = rig.ids.last - 1;
    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_GET), HY_E_NOT_FOUND);
}

static void counts_are_by_app_and_state(void)
{
    struct hy_app_put app = {.app = {.id = "wx2", .platform = "wechat_mini", .settings = "{}"}};
    struct hy_counts v = {.arena = &rig.arena};
    struct hy_message *m = draft("u");

    CHECK_INT(run(&v.op, HY_VERB_COUNTS), 0);
    CHECK_INT(v.count, 0);
    CHECK_INT(v.grants_available, 0);
    CHECK_INT(run(&app.op, HY_VERB_APP_PUT), 0);
    m->app_no = app.app.no;
    CHECK_INT(admit(m), 0);
    prepay("a", 0);
    once("a", "T1", 10);
    form("b", 0);
    post("a");
    post("a");
    post("b");
    post("c");
    judge(&claim(ALL)->claimed[1], HY_VERDICT_OK, "");
    CHECK_INT(run(&v.op, HY_VERB_COUNTS), 0);
    CHECK_INT(v.count, 5);
    CHECK_INT(v.counts[0].app_no, rig.app);
    CHECK_INT(v.counts[0].state, HY_MESSAGE_QUEUED);
    CHECK_INT(v.counts[0].messages, 1);
    CHECK_INT(v.counts[1].state, HY_MESSAGE_SENDING);
    CHECK_INT(v.counts[1].messages, 1);
    CHECK_INT(v.counts[2].state, HY_MESSAGE_SENT);
    CHECK_INT(v.counts[2].messages, 1);
    CHECK_INT(v.counts[3].state, HY_MESSAGE_FAILED);
    CHECK_INT(v.counts[3].messages, 1);
    CHECK_INT(v.counts[4].app_no, app.app.no);
    CHECK_INT(v.counts[4].state, HY_MESSAGE_FAILED);
    CHECK_INT(v.grants_available, 1 + 10);
}

void store_reads_cases(void)
{
    CASE(the_newest_comes_first);
    CASE(an_id_that_is_late_finds_its_place);
    CASE(pages_have_no_gaps_and_no_doubles);
    CASE(pages_stay_right_while_messages_come);
    CASE(filters_choose);
    CASE(limits_have_bounds);
    CASE(what_is_not_there_is_not_found);
    CASE(counts_are_by_app_and_state);
}
