#include "rig.h"
#include "tap.h"

#include <stdlib.h>

static struct hy_submission submission;

/* A good message with some members put in, replaced or (null) taken away. */
static json_t *message(const char *members)
{
    json_t *body = rig_json("{'app':'" RIG_APP "','user':'" RIG_USER "','template':'" RIG_TEMPLATE
                            "','data':{'keyword1':'hello'}}");
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
    return body;
}

static void prepare(const char *members, const char *header_key, const char *default_app)
{
    HY_JSON_SCOPED json_t *body = message(members);

    memset(&submission, 0, sizeof submission);
    hy_engine_prepare(rig.engine, body, header_key, default_app, rig_faults(), &submission);
}

static void good(const char *members)
{
    prepare(members, NULL, NULL);
    if (hy_violations_any(&rig.faults))
        hy_tap_fail(__FILE__, __LINE__, "%s: %s", members, rig.faults.items[0].message);
}

static void set_up(void)
{
    rig_open("memory:");
    CHECK_INT(rig_add_app("'receipt_margin_s':3600"), 0);
}

/* --- what is taken ---------------------------------------------------------------------------- */

static void reads_every_field(void)
{
    const struct hy_message *m = &submission.message;

    set_up();
    good("'page':'pages/a?id=1','emphasis':'keyword1.DATA','miniprogram_state':'trial',"
         "'lang':'en_US','tag':'order 7','policy':'at_least_once','on_missing':'wait',"
         "'send_at':1772326800,'expires_at':'2026-03-02T08:00:00+08:00','repair':'reject'");
    CHECK_TEXT(m->user, RIG_USER);
    CHECK_TEXT(m->template_id, RIG_TEMPLATE);
    CHECK_TEXT(m->data, "{\"keyword1\":{\"value\":\"hello\"}}");
    CHECK_TEXT(m->page, "pages/a?id=1");
    CHECK_TEXT(m->emphasis, "keyword1.DATA");
    CHECK_TEXT(m->miniprogram_state, "trial");
    CHECK_TEXT(m->lang, "en_US");
    CHECK_TEXT(m->tag, "order 7");
    CHECK_INT(m->policy, HY_POLICY_AT_LEAST_ONCE);
    CHECK_INT(m->on_missing, HY_ON_MISSING_WAIT);
    CHECK_INT(m->send_at_ms, 1772326800000);
    CHECK_INT(m->expires_at_ms, 1772409600000);
    CHECK_INT(m->accepted_at_ms, rig_now_ms);
    CHECK_INT(submission.item.margin_ms, 3600000);
    CHECK(submission.item.message == m);
    CHECK(!submission.item.key && !submission.item.body);
    rig_close();
}

static void what_is_not_said_is_careful(void)
{
    const struct hy_message *m = &submission.message;

    set_up();
    good("'page':null");
    CHECK_INT(m->policy, HY_POLICY_AT_MOST_ONCE);
    CHECK_INT(m->on_missing, HY_ON_MISSING_FAIL);
    CHECK_INT(m->send_at_ms, 0);
    CHECK_INT(m->expires_at_ms, 0);
    CHECK(!m->page && !m->emphasis && !m->miniprogram_state && !m->lang && !m->tag);
    rig_close();
}

static void ids_grow(void)
{
    int64_t before = 0;

    set_up();
    for (int i = 0; i < 100; i++) {
        good("");
        CHECK(submission.message.id > before);
        before = submission.message.id;
    }
    rig_close();
}

static void a_default_app_fills_in(void)
{
    set_up();
    prepare("'app':null", NULL, RIG_APP);
    CHECK(!hy_violations_any(&rig.faults));
    CHECK_INT(submission.message.app_no, 1);
    rig_close();
}

/* --- what is refused -------------------------------------------------------------------------- */

static const struct {
    const char *members, *field, *rule;
} wrong[] = {
    {"'app':null", "app", "required"},
    {"'app':'wx9999999999999999'", "app", "known_app"},
    {"'user':null", "user", "required"},
    {"'user':''", "user", "not_empty"},
    {"'user':'short'", "user", "length"},
    {"'user':'xRigRigRigRigRigRigRigRig_u1'", "user", "format"},
    {"'user':42", "user", "type"},
    {"'template':null", "template", "required"},
    {"'template':'short'", "template", "length"},
    {"'data':null", "data", "required"},
    {"'data':'{}'", "data", "type"},
    {"'data':{}", "data", "items"},
    {"'data':{'keyword1':''}", "data.keyword1", "not_empty"},
    {"'data':{'keyword1':5}", "data.keyword1", "type"},
    {"'data':{'keyword1':{'valeu':'x','value':'x'}}", "data.keyword1", "unknown_field"},
    {"'data':{'keyword1.DATA':'x'}", "data.keyword1.DATA", "key"},
    {"'data':{'word':'x'}", "data.word", "key"},
    {"'page':'https://example.com/'", "page", "format"},
    {"'page':'a b'", "page", "format"},
    {"'emphasis':'keyword2'", "emphasis", "key_of_data"},
    {"'miniprogram_state':'prod'", "miniprogram_state", "one_of"},
    {"'lang':'fr_FR'", "lang", "one_of"},
    {"'send_at':'tomorrow'", "send_at", "instant"},
    {"'send_at':-1", "send_at", "instant"},
    {"'send_at':1803945601", "send_at", "range"}, /* 366 days and one second */
    {"'expires_at':1772323200", "expires_at", "future"},
    {"'expires_at':'1999-01-01T00:00:00Z'", "expires_at", "future"},
    {"'expires_at':'1970-01-01T00:00:00Z'", "expires_at", "instant"},
    {"'send_at':1772330000,'expires_at':1772330000", "expires_at", "after_send_at"},
    {"'on_missing':'skip'", "on_missing", "one_of"},
    {"'policy':'exactly_once'", "policy", "one_of"},
    {"'repair':true", "repair", "type"},
    {"'tag':''", "tag", "not_empty"},
    {"'key':''", "key", "not_empty"},
    {"'templates':'x'", "templates", "unknown_field"},
    {"'form_id':'x'", "form_id", "unknown_field"},
};

static void every_fault_names_its_field(void)
{
    set_up();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        prepare(wrong[i].members, NULL, NULL);
        rig_expect(wrong[i].members, wrong[i].field, wrong[i].rule);
    }
    CHECK_INT(rig_stored_messages(), 0);
    rig_close();
}

static void long_texts_are_told_their_length(void)
{
    static const struct {
        const char *field;
        int max;
    } limits[] = {{"user", 128}, {"template", 128}, {"page", 2048},
                  {"tag", 128},  {"key", 255},      {"emphasis", 64}};
    char members[2300];

    set_up();
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        snprintf(members, sizeof members, "'%s':'%0*d'", limits[i].field, limits[i].max + 1, 0);
        prepare(members, NULL, NULL);
        rig_expect(limits[i].field, limits[i].field, "max_length");
        CHECK_INT(atoi(rig.faults.items[0].limit), limits[i].max);
        CHECK_INT(atoi(rig.faults.items[0].actual), limits[i].max + 1);
    }
    rig_close();
}

static void what_is_no_object_is_refused_whole(void)
{
    static const char *const bodies[] = {"[]", "'text'", "null", "7"};

    set_up();
    for (size_t i = 0; i < 4; i++) {
        HY_JSON_SCOPED json_t *wrapped = rig_json("[%s]", bodies[i]);

        hy_engine_prepare(rig.engine, json_array_get(wrapped, 0), NULL, RIG_APP, rig_faults(),
                          &submission);
        rig_expect(bodies[i], "", "type");
    }
    rig_close();
}

static void all_faults_are_told_at_once_and_with_their_place(void)
{
    HY_JSON_SCOPED json_t *body = NULL;

    set_up();
    body = message("'user':'x','lang':'xx','page':'a b','nope':1");
    rig_faults()->prefix = "[3].";
    hy_engine_prepare(rig.engine, body, NULL, NULL, &rig.faults, &submission);
    CHECK_INT(rig.faults.count, 4);
    for (size_t i = 0; i < 4; i++)
        CHECK(strncmp(rig.faults.items[i].field, "[3].", 4) == 0);
    rig_close();
}

/* --- idempotency ------------------------------------------------------------------------------ */

struct prints {
    uint8_t key[HY_FINGERPRINT_BYTES], body[HY_FINGERPRINT_BYTES];
};

static struct prints prints_of(const char *text, const char *header_key)
{
    HY_JSON_SCOPED json_t *body = rig_json("%s", text);
    struct prints p;

    memset(&submission, 0, sizeof submission);
    hy_engine_prepare(rig.engine, body, header_key, NULL, rig_faults(), &submission);
    CHECK(!hy_violations_any(&rig.faults));
    CHECK(submission.item.key && submission.item.body);
    memcpy(p.key, submission.item.key, sizeof p.key);
    memcpy(p.body, submission.item.body, sizeof p.body);
    return p;
}

static bool same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, HY_FINGERPRINT_BYTES) == 0;
}

#define WHO "'app':'" RIG_APP "','user':'" RIG_USER "','template':'" RIG_TEMPLATE "'"

static void the_order_of_fields_does_not_matter(void)
{
    struct prints a, b;

    set_up();
    a = prints_of("{" WHO ",'data':{'keyword1':'1','keyword2':{'value':'2','color':'#000000'}},"
                  "'tag':'t','key':'k'}",
                  NULL);
    b = prints_of("{'tag':'t','key':'k','data':{'keyword2':{'color':'#000000','value':'2'},"
                  "'keyword1':'1'}," WHO "}",
                  NULL);
    CHECK(same(a.key, b.key));
    CHECK(same(a.body, b.body));
    rig_close();
}

static void what_is_said_does_matter(void)
{
    struct prints a, b;

    set_up();
    a = prints_of("{" WHO ",'data':{'keyword1':'1'},'key':'k'}", NULL);
    b = prints_of("{" WHO ",'data':{'keyword1':'2'},'key':'k'}", NULL);
    CHECK(same(a.key, b.key));
    CHECK(!same(a.body, b.body));
    b = prints_of("{" WHO ",'data':{'keyword1':'1'},'key':'k','tag':'x'}", NULL);
    CHECK(!same(a.body, b.body));
    b = prints_of("{" WHO ",'data':{'keyword1':'1'},'key':'K'}", NULL);
    CHECK(!same(a.key, b.key));
    CHECK(same(a.body, b.body)); /* the key is not part of what is said */
    rig_close();
}

static void header_and_field_are_the_same_key(void)
{
    struct prints a, b, c;

    set_up();
    a = prints_of("{" WHO ",'data':{'keyword1':'1'},'key':'k'}", NULL);
    b = prints_of("{" WHO ",'data':{'keyword1':'1'}}", "k");
    c = prints_of("{" WHO ",'data':{'keyword1':'1'},'key':'k'}", "k");
    CHECK(same(a.key, b.key) && same(b.key, c.key));
    CHECK(same(a.body, b.body) && same(b.body, c.body));
    rig_close();
}

static void two_keys_that_differ_are_refused(void)
{
    char long_key[257];

    set_up();
    prepare("'key':'a'", "b", NULL);
    rig_expect("two keys", "key", "same_as_header");
    prepare("", "", NULL);
    rig_expect("empty header", "Idempotency-Key", "length");
    memset(long_key, 'k', 256);
    long_key[256] = 0;
    prepare("", long_key, NULL);
    rig_expect("long header", "Idempotency-Key", "length");
    long_key[255] = 0;
    prepare("", long_key, NULL);
    CHECK(!hy_violations_any(&rig.faults));
    rig_close();
}

static void keys_of_two_apps_do_not_meet(void)
{
    struct prints a, b;

    set_up();
    CHECK_INT(rig_change_app(NULL, "{'id':'wx0000000000000002','secret':'" RIG_SECRET "'}"), 0);
    a = prints_of("{" WHO ",'data':{'keyword1':'1'},'key':'k'}", NULL);
    b = prints_of("{'app':'wx0000000000000002','user':'" RIG_USER "','template':'" RIG_TEMPLATE
                  "','data':{'keyword1':'1'},'key':'k'}",
                  NULL);
    CHECK(!same(a.key, b.key));
    rig_close();
}

/* --- submitting ------------------------------------------------------------------------------- */

static void note_result(struct hy_submit *submit, void *arg)
{
    *(int *)arg = submit->admit.op.result;
}

static enum hy_admission submit(const char *members)
{
    struct hy_submit s = {.done = note_result};
    int result = 1;

    good(members);
    s.arg = &result;
    s.admit.items = &submission.item;
    s.admit.count = 1;
    s.admit.arena = &rig.arena;
    hy_engine_submit(rig.engine, &s);
    CHECK_INT(result, 1); /* not before the commit */
    rig_run();
    CHECK_INT(result, 0);
    return submission.item.admission;
}

static void the_same_key_is_one_message_for_a_day(void)
{
    int64_t first;

    set_up();
    CHECK_INT(submit("'key':'k'"), HY_ADMITTED);
    first = submission.message.id;
    CHECK_INT(submit("'key':'k'"), HY_ADMITTED_BEFORE);
    CHECK_INT(submission.message.id, first);
    CHECK_INT(submit("'key':'k','tag':'other'"), HY_ADMIT_CONFLICT);
    rig_now_ms += 86399999;
    CHECK_INT(submit("'key':'k'"), HY_ADMITTED_BEFORE);
    CHECK_INT(rig_stored_messages(), 1);
    rig_now_ms += 1;
    CHECK_INT(submit("'key':'k'"), HY_ADMITTED);
    CHECK_INT(rig_stored_messages(), 2);
    rig_close();
}

static void without_a_key_each_is_its_own(void)
{
    set_up();
    CHECK_INT(submit(""), HY_ADMITTED);
    CHECK_INT(submit(""), HY_ADMITTED);
    CHECK_INT(rig_stored_messages(), 2);
    rig_close();
}

int main(void)
{
    RUN(reads_every_field);
    RUN(what_is_not_said_is_careful);
    RUN(ids_grow);
    RUN(a_default_app_fills_in);
    RUN(every_fault_names_its_field);
    RUN(long_texts_are_told_their_length);
    RUN(what_is_no_object_is_refused_whole);
    RUN(all_faults_are_told_at_once_and_with_their_place);
    RUN(the_order_of_fields_does_not_matter);
    RUN(what_is_said_does_matter);
    RUN(header_and_field_are_the_same_key);
    RUN(two_keys_that_differ_are_refused);
    RUN(keys_of_two_apps_do_not_meet);
    RUN(the_same_key_is_one_message_for_a_day);
    RUN(without_a_key_each_is_its_own);
    return hy_tap_end();
}
