/*
 * Broadcasts on their way in: every field, every fault, lines, changes, and what may start.
 */
#include "rig.h"
#include "tap.h"

#include "engine/broadcasts.h"
#include "engine/internal.h"

#define USER_2 "oRigRigRigRigRigRigRigRig_u2"

static struct hy_broadcast_draft draft;

static void set_up(void)
{
    struct hy_template t = {.app_no = 1,
                            .id = RIG_TEMPLATE,
                            .kind = HY_TEMPLATE_ONCE,
                            .title = "Shipped",
                            .content = "Goods:{{thing1.DATA}}\nTo:{{thing2.DATA}}\n",
                            .example = ""};

    rig_open("memory:");
    CHECK_INT(rig_add_app(""), 0);
    CHECK_INT(hy_shelf_replace(&rig.engine->shelf, 1, &t, 1, true), 0);
}

/* A good broadcast with some members put in, replaced or (null) taken away. */
static void prepare(const char *members, const char *header_key)
{
    HY_JSON_SCOPED json_t *body =
        rig_json("{'app':'" RIG_APP "','template':'" RIG_TEMPLATE
                 "','data':{'thing1':'tea','thing2':'you'},'audience':{'reach':true}}");
    HY_JSON_SCOPED json_t *change = rig_json("{%s}", members);
    const char *key;
    json_t *value;

    json_object_foreach(change, key, value)
    {
        if (json_is_null(value))
            json_object_del(body, key);
        else
            json_object_set(body, key, value);
    }
    hy_engine_broadcast_prepare(rig.engine, body, header_key, NULL, rig_faults(), &draft);
}

static void good(const char *members)
{
    prepare(members, NULL);
    if (hy_violations_any(&rig.faults))
        hy_tap_fail(__FILE__, __LINE__, "%s: %s", members, rig.faults.items[0].message);
}

static void reads_every_field(void)
{
    const struct hy_broadcast *b = &draft.make.broadcast;

    set_up();
    good("'name':'spring','page':'pages/a','miniprogram_state':'trial','lang':'en_US','tag':'t',"
         "'policy':'at_least_once','on_missing':'wait','urgent':true,'rate_per_s':7,"
         "'send_at':1772326800,'expires_at':1772400000,'extra':{'x':1}");
    CHECK_TEXT(b->name, "spring");
    CHECK_TEXT(b->message.template_id, RIG_TEMPLATE);
    CHECK_TEXT(b->message.data, "{\"thing1\":{\"value\":\"tea\"},\"thing2\":{\"value\":\"you\"}}");
    CHECK_TEXT(b->message.page, "pages/a");
    CHECK_TEXT(b->message.extra, "{\"x\":1}");
    CHECK_INT(b->message.policy, HY_POLICY_AT_LEAST_ONCE);
    CHECK_INT(b->message.on_missing, HY_ON_MISSING_WAIT);
    CHECK_INT(b->message.template_kind, HY_TEMPLATE_ONCE);
    CHECK(b->message.urgent && b->reach);
    CHECK_INT(b->rate_per_s, 7);
    CHECK_INT(b->message.expires_at_ms, 1772400000000);
    CHECK_INT(b->state, HY_BROADCAST_SCHEDULED);
    CHECK(draft.make.key == NULL);
    rig_close();
}

static void the_audience_decides_the_state(void)
{
    set_up();
    good("");
    CHECK_INT(draft.make.broadcast.state, HY_BROADCAST_RUNNING);
    CHECK_INT(draft.make.broadcast.started_at_ms, rig_now_ms);
    good("'audience':null");
    CHECK_INT(draft.make.broadcast.state, HY_BROADCAST_DRAFT);
    good("'audience':{'users':['" RIG_USER "','" USER_2 "']}");
    CHECK_INT(draft.make.count, 2);
    CHECK_TEXT(draft.make.items[1].user, USER_2);
    CHECK(!draft.make.broadcast.reach);
    rig_close();
}

static const struct {
    const char *members, *field, *rule;
} wrong[] = {
    {"'app':null", "app", "required"},
    {"'app':'wx2'", "app", "known_app"},
    {"'template':null", "template", "required"},
    {"'data':null", "data", "required"},
    {"'data':{'thing1':'tea'}", "data.thing2", "required"},
    {"'data':{'thing1':'tea','thing2':'you','thing3':'x'}", "data.thing3", "unknown_field"},
    {"'audience':null,'data':{'thing3':'x'}", "data.thing3", "unknown_field"},
    {"'audience':null,'data':{'thing1':''}", "data.thing1", "not_empty"},
    {"'audience':{}", "audience", "one_of"},
    {"'audience':{'reach':true,'users':['" RIG_USER "']}", "audience", "one_of"},
    {"'audience':{'users':[]}", "audience.users", "items"},
    {"'audience':{'users':['" RIG_USER "','x']}", "audience.users[1]", "length"},
    {"'audience':{'users':[{'user':'" RIG_USER "'}]}", "audience.users[0]", "type"},
    {"'audience':{'everybody':true}", "audience.everybody", "unknown_field"},
    {"'rate_per_s':-1", "rate_per_s", "range"},
    {"'user':'" RIG_USER "'", "user", "unknown_field"},
    {"'expires_at':1", "expires_at", "future"},
    {"'send_at':'2028-01-01T00:00:00Z'", "send_at", "range"},
    {"'extra':{'touser':1}", "extra.touser", "reserved"},
    {"'lang':'xx'", "lang", "one_of"},
};

static void every_fault_names_its_field(void)
{
    set_up();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        prepare(wrong[i].members, NULL);
        rig_expect(wrong[i].members, wrong[i].field, wrong[i].rule);
    }
    rig_close();
}

static void a_key_is_the_apps_and_no_messages(void)
{
    uint8_t first[HY_FINGERPRINT_BYTES], body[HY_FINGERPRINT_BYTES];

    set_up();
    prepare("'key':'k'", NULL);
    CHECK(draft.make.key == draft.key_print && draft.make.body == draft.body_print);
    memcpy(first, draft.key_print, sizeof first);
    memcpy(body, draft.body_print, sizeof body);
    prepare("", "k");
    CHECK(memcmp(first, draft.key_print, sizeof first) == 0);
    CHECK(memcmp(body, draft.body_print, sizeof body) == 0);
    prepare("'name':'other'", "k");
    CHECK(memcmp(body, draft.body_print, sizeof body) != 0);
    prepare("'key':'k'", "l");
    rig_expect("two keys", "key", "same_as_header");
    rig_close();
}

static void cut_is_told(void)
{
    set_up();
    good("'data':{'thing1':'123456789012345678901','thing2':'you'},'repair':'cut'");
    CHECK_INT(draft.repair_count, 1);
    CHECK_TEXT(draft.repairs[0].field, "data.thing1");
    rig_close();
}

/* --- lines ------------------------------------------------------------------------------------ */

static struct hy_audience_item item;

static void line(const char *text)
{
    HY_JSON_SCOPED json_t *body = rig_json("%s", text);

    memset(&item, 0, sizeof item);
    hy_engine_broadcast_line(rig.engine, &draft.make.broadcast, body, rig_faults(), &item);
}

static void lines_bring_what_is_missing(void)
{
    static char data[128];

    set_up();
    good("'audience':null,'data':{'thing1':'tea'}");
    snprintf(data, sizeof data, "%s", draft.make.broadcast.message.data);
    draft.make.broadcast.message.data = data;
    draft.make.broadcast.message.template_id = RIG_TEMPLATE;
    line("{'user':'" RIG_USER "','data':{'thing2':'Li'}}");
    CHECK(!hy_violations_any(&rig.faults));
    CHECK_TEXT(item.user, RIG_USER);
    CHECK_TEXT(item.data, "{\"thing1\":{\"value\":\"tea\"},\"thing2\":{\"value\":\"Li\"}}");
    line("{'user':'" RIG_USER "','data':{'thing1':'milk','thing2':'Li'}}");
    CHECK_TEXT(item.data, "{\"thing1\":{\"value\":\"milk\"},\"thing2\":{\"value\":\"Li\"}}");
    line("{'user':'" RIG_USER "'}");
    rig_expect("no data", "data.thing2", "required");
    line("{'user':'x','data':{'thing2':'Li'}}");
    rig_expect("no openid", "user", "length");
    line("{'data':{'thing2':'Li'}}");
    rig_expect("nobody", "user", "required");
    line("{'user':'" RIG_USER "','data':7}");
    rig_expect("no object", "data", "type");
    line("{'user':'" RIG_USER "','date':{}}");
    rig_expect("a slip", "date", "unknown_field");
    line("[]");
    CHECK_INT(rig.faults.count, 1);
    rig_close();
}

static void a_line_without_data_has_the_broadcasts(void)
{
    set_up();
    good("'audience':null");
    draft.make.broadcast.message.template_id = RIG_TEMPLATE;
    draft.make.broadcast.message.data =
        "{\"thing1\":{\"value\":\"tea\"},\"thing2\":{\"value\":\"you\"}}";
    line("{'user':'" RIG_USER "'}");
    CHECK(!hy_violations_any(&rig.faults));
    CHECK(item.data == NULL);
    rig_close();
}

/* --- changes, starting ------------------------------------------------------------------------ */

static const struct hy_broadcast stored = {
    .id = 1,
    .app_no = 1,
    .name = "old",
    .message = {.app_no = 1,
                .template_id = RIG_TEMPLATE,
                .data = "{\"thing1\":{\"value\":\"tea\"},\"thing2\":{\"value\":\"you\"}}",
                .tag = "t"},
    .state = HY_BROADCAST_RUNNING,
    .rate_per_s = 3};

static struct hy_broadcast_change change;

static void read_change(enum hy_broadcast_state state, const char *text)
{
    HY_JSON_SCOPED json_t *body = rig_json("%s", text);
    static struct hy_broadcast existing;

    existing = stored;
    existing.state = state;
    existing.total = state != HY_BROADCAST_DRAFT; /* else it could not have begun */
    hy_engine_broadcast_read_change(rig.engine, body, &existing, rig_faults(), &change);
}

static void a_change_keeps_the_rest(void)
{
    set_up();
    read_change(HY_BROADCAST_RUNNING, "{'rate_per_s':9}");
    CHECK(!hy_violations_any(&rig.faults));
    CHECK_INT(change.broadcast.rate_per_s, 9);
    CHECK_TEXT(change.broadcast.name, "old");
    CHECK_TEXT(change.broadcast.message.tag, "t");
    read_change(HY_BROADCAST_SCHEDULED, "{'data':{'thing1':'milk','thing2':'me'},'tag':'u'}");
    CHECK(!hy_violations_any(&rig.faults));
    CHECK_TEXT(change.broadcast.message.data,
               "{\"thing1\":{\"value\":\"milk\"},\"thing2\":{\"value\":\"me\"}}");
    CHECK_TEXT(change.broadcast.message.tag, "u");
    CHECK_INT(change.broadcast.rate_per_s, 3);
    rig_close();
}

static void what_runs_says_what_it_says(void)
{
    set_up();
    read_change(HY_BROADCAST_RUNNING, "{'data':{'thing1':'milk','thing2':'me'}}");
    rig_expect("running", "data", "fixed");
    read_change(HY_BROADCAST_DRAFT, "{'app':'" RIG_APP "'}");
    rig_expect("app", "app", "fixed");
    read_change(HY_BROADCAST_SCHEDULED, "{'data':{'thing1':'milk'}}");
    rig_expect("not whole", "data.thing2", "required");
    read_change(HY_BROADCAST_DRAFT, "{'data':{'thing1':'milk'}}");
    CHECK(!hy_violations_any(&rig.faults));
    rig_close();
}

static void starting_needs_an_audience(void)
{
    struct hy_broadcast b = stored;

    set_up();
    b.state = HY_BROADCAST_DRAFT;
    hy_engine_broadcast_check(rig.engine, &b, rig_faults());
    rig_expect("nobody", "audience", "required");
    b.total = 1;
    b.message.data = NULL; /* each line brought its own */
    hy_engine_broadcast_check(rig.engine, &b, rig_faults());
    CHECK(!hy_violations_any(&rig.faults));
    b.message.expires_at_ms = rig_now_ms;
    hy_engine_broadcast_check(rig.engine, &b, rig_faults());
    rig_expect("over", "expires_at", "future");
    rig_close();
}

int main(void)
{
    RUN(reads_every_field);
    RUN(the_audience_decides_the_state);
    RUN(every_fault_names_its_field);
    RUN(a_key_is_the_apps_and_no_messages);
    RUN(cut_is_told);
    RUN(lines_bring_what_is_missing);
    RUN(a_line_without_data_has_the_broadcasts);
    RUN(a_change_keeps_the_rest);
    RUN(what_runs_says_what_it_says);
    RUN(starting_needs_an_audience);
    return hy_tap_end();
}
