#include "tap.h"

#include "platform/platform.h"

#define USER     "oUser-0000_0000000000000abcd"
#define TEMPLATE "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE"

static const struct hy_platform *platform;
static struct hy_arena arena;
static struct hy_arena texts; /* of the tests themselves, to their end */
static struct hy_violations found;

static void start(void)
{
    hy_arena_reset(&arena);
    hy_violations_init(&found, &arena);
}

/* The only violation: its field, rule, limit and actual; null = none. */
static void only(const char *field, const char *rule, const char *limit, const char *actual)
{
    const struct hy_violation *v = &found.items[0];

    CHECK_INT(found.count + found.unkept, 1);
    CHECK_TEXT(v->field, field);
    CHECK_TEXT(v->rule, rule);
    CHECK((v->limit == NULL) == (limit == NULL));
    if (limit)
        CHECK_TEXT(v->limit, limit);
    CHECK((v->actual == NULL) == (actual == NULL));
    if (actual)
        CHECK_TEXT(v->actual, actual);
    CHECK(v->message[0]);
}

/* --- messages --------------------------------------------------------------------------------- */

static const char *stored;

static void check(struct hy_message m, const char *data)
{
    char reason[200];
    HY_JSON_SCOPED json_t *value = NULL;

    start();
    stored = NULL;
    m.user = USER;
    if (!m.template_id)
        m.template_id = TEMPLATE;
    if (data) {
        /* the parser takes objects and arrays only, so the value travels in an array */
        char *text = hy_arena_printf(&arena, "[%s]", data);

        value = hy_json_parse(text, strlen(text), reason, sizeof reason);
        if (!value)
            hy_tap_fail(__FILE__, __LINE__, "%s: %s", data, reason);
    }
    platform->check_message(&m, json_array_get(value, 0), &found, &stored);
}

static void check_data(const char *data)
{
    check((struct hy_message){0}, data);
}

static void stores(const char *data, const char *canonical)
{
    check_data(data);
    if (hy_violations_any(&found))
        hy_tap_fail(__FILE__, __LINE__, "%s: %s", data, found.items[0].message);
    CHECK_TEXT(stored, canonical);
}

static void makes_data_canonical(void)
{
    stores("{\"thing1\":\"雁\"}", "{\"thing1\":{\"value\":\"雁\"}}");
    stores("{ \"thing1\" : {\"value\" : \"a\\/b\"} }", "{\"thing1\":{\"value\":\"a/b\"}}");
    stores("{\"z2\":\"1\",\"a1\":{\"value\":\"2\"}}",
           "{\"z2\":{\"value\":\"1\"},\"a1\":{\"value\":\"2\"}}");
    stores("{\"keyword1\":{\"color\":\"#173177\",\"value\":\"x\"}}",
           "{\"keyword1\":{\"value\":\"x\",\"color\":\"#173177\"}}");
    stores("{\"keyword1\":{\"value\":\"x\",\"color\":\"\"}}", "{\"keyword1\":{\"value\":\"x\"}}");
    stores("{\"keyword1\":\"a\\nb\\tc\"}", "{\"keyword1\":{\"value\":\"a\\nb\\tc\"}}");
    stores("{\"keyword1\":\"\\ud83d\\ude00 \\\"\\\\\"}",
           "{\"keyword1\":{\"value\":\"😀 \\\"\\\\\"}}");
    stores("{\"thing1\":\" \"}", "{\"thing1\":{\"value\":\" \"}}");
    stores("{\"character_string12\":\"A-1\"}", "{\"character_string12\":{\"value\":\"A-1\"}}");
}

static void data_must_be_an_object(void)
{
    check_data(NULL);
    only("data", "required", NULL, NULL);
    check_data("null");
    only("data", "required", NULL, NULL);
    check_data("\"{\\\"thing1\\\":{\\\"value\\\":\\\"a\\\"}}\"");
    only("data", "type", "an object", "text");
    CHECK(strstr(found.items[0].message, "inside quotes"));
    check_data("[{\"thing1\":\"a\"}]");
    only("data", "type", "an object", "array");
    check_data("5");
    only("data", "type", "an object", "number");
    check_data("{}");
    only("data", "items", "1..20", "0");
    CHECK(stored == NULL);
}

static void data_may_have_20_keys(void)
{
    char data[600] = "{";
    size_t used = 1;

    for (int i = 1; i <= 21; i++) {
        used += (size_t)snprintf(data + used, sizeof data - used, "%s\"keyword%d\":\"a\"",
                                 i > 1 ? "," : "", i);
        data[used] = '}';
        data[used + 1] = 0;
        check_data(data);
        if (i <= 20)
            CHECK(!hy_violations_any(&found));
        else
            only("data", "items", "1..20", "21");
    }
}

static void values_must_be_texts(void)
{
    check_data("{\"number1\":12}");
    only("data.number1", "type", "text", "number");
    CHECK(strstr(found.items[0].message, "in quotes"));
    check_data("{\"number1\":{\"value\":12.5}}");
    only("data.number1", "type", "text", "number");
    check_data("{\"thing1\":true}");
    only("data.thing1", "type", "text", "boolean");
    check_data("{\"thing1\":null}");
    only("data.thing1", "type", "text", "null");
    check_data("{\"thing1\":[\"a\"]}");
    only("data.thing1", "type", "text", "array");
    check_data("{\"thing1\":{\"value\":{\"value\":\"a\"}}}");
    only("data.thing1", "type", "text", "object");
    check_data("{\"thing1\":{}}");
    only("data.thing1", "required", NULL, NULL);
    check_data("{\"thing1\":\"\"}");
    only("data.thing1", "not_empty", "1", "0");
    check_data("{\"thing1\":{\"value\":\"\"}}");
    only("data.thing1", "not_empty", "1", "0");
    check_data("{\"thing1\":{\"value\":\"a\",\"colour\":\"#000\"}}");
    only("data.thing1", "unknown_field", NULL, NULL);
    check_data("{\"thing1\":{\"value\":\"a\",\"color\":7}}");
    only("data.thing1", "color", "text such as #173177", NULL);
    check_data("{\"thing1\":{\"value\":\"a\",\"color\":\"red;x\"}}");
    only("data.thing1", "color", "text such as #173177", NULL);
}

static void values_have_a_longest(void)
{
    static const char letter[] = "雁";
    static char data[8000];
    size_t used = (size_t)snprintf(data, sizeof data, "{\"thing1\":\"");

    for (int i = 0; i < 2000; i++)
        used += (size_t)snprintf(data + used, sizeof data - used, "%s", letter);
    snprintf(data + used, sizeof data - used, "\"}");
    check_data(data);
    CHECK(!hy_violations_any(&found));
    snprintf(data + used, sizeof data - used, "%s\"}", letter);
    check_data(data);
    only("data.thing1", "max_length", "2000", "2001");
}

static void control_characters_are_named(void)
{
    check_data("{\"thing1\":\"a\\u0007\"}");
    only("data.thing1", "control_character", NULL, "U+0007");
    check_data("{\"thing1\":\"a\\u007f\"}");
    only("data.thing1", "control_character", NULL, "U+007F");
    check_data("{\"thing1\":\"a\\u0085\"}");
    only("data.thing1", "control_character", NULL, "U+0085");
}

static void keys_have_a_shape(void)
{
    static const char shape[] = "letters, then a number";

    check_data("{\"keyword\":\"a\"}");
    only("data.keyword", "key", shape, NULL);
    check_data("{\"1thing\":\"a\"}");
    only("data.1thing", "key", shape, NULL);
    check_data("{\"\":\"a\"}");
    only("data", "key", shape, NULL);
    check_data("{\"thing-1\":\"a\"}");
    only("data.thing-1", "key", shape, NULL);
    check_data("{\"商品1\":\"a\"}");
    only("data.商品1", "key", shape, NULL);
    check_data("{\"thing1.DATA\":\"a\"}");
    only("data.thing1.DATA", "key", NULL, NULL);
    CHECK(strstr(found.items[0].message, "without .DATA"));
    check_data("{\"a\\u001b[2J1\":\"a\"}");
    only("data.a [2J1", "key", shape, NULL);
    check_data("{\"abcdefghijklmnopqrstuvwxyz12345\":\"a\"}");
    CHECK(!hy_violations_any(&found));
    check_data("{\"abcdefghijklmnopqrstuvwxyz123456\":\"a\"}");
    only("data.***", "key", "31", "32");
}

static void all_faults_are_told_at_once(void)
{
    struct hy_message m = {.template_id = "short", .page = "", .lang = "fr"};

    check(m, "{\"a\":1,\"thing1\":\"\"}");
    CHECK_INT(found.count, 6);
    CHECK_TEXT(found.items[0].field, "template");
    CHECK_TEXT(found.items[1].field, "data.a");
    CHECK_TEXT(found.items[2].field, "data.a");
    CHECK_TEXT(found.items[3].field, "data.thing1");
    CHECK_TEXT(found.items[4].field, "page");
    CHECK_TEXT(found.items[5].field, "lang");
    CHECK(stored == NULL);
}

static void earlier_violations_of_others_do_not_matter(void)
{
    struct hy_message m = {.user = USER, .template_id = TEMPLATE};
    HY_JSON_SCOPED json_t *data = json_pack("{s:s}", "thing1", "a");
    const char *text = NULL;

    start();
    hy_violations_add(&found, "[0].user", "required", NULL, NULL, "of another message");
    platform->check_message(&m, data, &found, &text);
    CHECK_INT(found.count, 1);
    CHECK_TEXT(text, "{\"thing1\":{\"value\":\"a\"}}");
}

#define DATA "{\"keyword1\":\"a\"}"

static void names_the_fault_of_a_template(void)
{
    check((struct hy_message){.template_id = "AbC"}, DATA);
    only("template", "length", "43", "3");
    check((struct hy_message){.template_id = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCd="}, DATA);
    only("template", "format", "a template id: letters, digits, - and _", NULL);
    start();
    platform->check_message(&(struct hy_message){.user = USER}, NULL, &found, &stored);
    CHECK_INT(found.count, 2);
    CHECK_TEXT(found.items[0].field, "template");
    CHECK_TEXT(found.items[0].rule, "required");
}

static void page_taken(const char *page)
{
    check((struct hy_message){.page = page}, DATA);
    if (hy_violations_any(&found))
        hy_tap_fail(__FILE__, __LINE__, "%s: %s", page, found.items[0].message);
}

static void page_refused(const char *page, const char *rule)
{
    check((struct hy_message){.page = page}, DATA);
    CHECK_INT(found.count, 1);
    CHECK_TEXT(found.items[0].field, "page");
    CHECK_TEXT(found.items[0].rule, rule);
}

static void pages_are_pages(void)
{
    static char page[1027];

    page_taken("index");
    page_taken("/pages/index");
    page_taken("pages/a/b?x=1&y=https://example.com/:8080#top");
    page_taken("pages/order?from=通知");
    page_refused("", "not_empty");
    page_refused("/", "not_empty");
    page_refused("https://example.com/", "format");
    page_refused("weixin://dl", "format");
    page_refused("javascript:alert(1)", "format");
    page_refused("//example.com/a", "format");
    page_refused("pages/a b", "format");
    page_refused("pages/a\u3000b", "format");
    page_refused("pages/a\u00a0b", "format");
    page_refused("pages/a\nb", "control_character");
    memset(page, 'p', 1025);
    page_refused(page, "max_length");
    page[1024] = 0;
    page_taken(page);
}

static void emphasis_names_a_key(void)
{
    check((struct hy_message){.emphasis = "keyword1"}, DATA);
    CHECK(!hy_violations_any(&found));
    check((struct hy_message){.emphasis = "keyword1.DATA"}, DATA);
    CHECK(!hy_violations_any(&found));
    check((struct hy_message){.emphasis = "keyword2"}, DATA);
    only("emphasis", "key_of_data", NULL, NULL);
    check((struct hy_message){.emphasis = "keyword1.data"}, DATA);
    only("emphasis", "key_of_data", NULL, NULL);
    check((struct hy_message){.emphasis = ".DATA"}, DATA);
    only("emphasis", "key_of_data", NULL, NULL);
    check((struct hy_message){.emphasis = "keyword"}, DATA);
    only("emphasis", "key_of_data", NULL, NULL);
}

static void choices_are_closed(void)
{
    check((struct hy_message){.miniprogram_state = "trial", .lang = "zh_HK"}, DATA);
    CHECK(!hy_violations_any(&found));
    check((struct hy_message){.miniprogram_state = "release"}, DATA);
    only("miniprogram_state", "one_of", "developer, trial, formal", NULL);
    check((struct hy_message){.lang = "zh-CN"}, DATA);
    only("lang", "one_of", "zh_CN, en_US, zh_HK, zh_TW", NULL);
}

/* --- the size in all -------------------------------------------------------------------------- */

/* A text of so many bytes, beginning with `head`. */
static char *long_text(const char *head, size_t bytes)
{
    char *text = hy_arena_alloc(&texts, bytes + 1);

    memset(text, 'a', bytes);
    memcpy(text, head, strlen(head));
    return text;
}

static void data_page_and_extra_have_a_greatest_size(void)
{
    size_t data = strlen("{\"keyword1\":{\"value\":\"a\"}}"), page = 100;
    struct hy_message m = {.page = long_text("p", page)};

    m.extra = long_text("{", 64 * 1024 - data - page);
    check(m, DATA);
    CHECK(!hy_violations_any(&found));
    m.extra = long_text("{", 64 * 1024 - data - page + 1);
    check(m, DATA);
    only("data", "max_bytes", "65536", "65537");
    CHECK(stored == NULL);
}

/* Twenty fields as long as a field may be: whoever wants them cut must get so far. */
static void what_may_be_cut_is_not_too_large(void)
{
    char *value = long_text("v", 2000), *data = hy_arena_strdup(&texts, "{");

    for (int i = 1; i <= 20; i++)
        data = hy_arena_printf(&texts, "%s%s\"thing%d\":\"%s\"", data, i > 1 ? "," : "", i, value);
    check_data(hy_arena_printf(&texts, "%s}", data));
    CHECK(!hy_violations_any(&found));
}

/* --- extra ------------------------------------------------------------------------------------ */

static void check_extra(const char *text)
{
    char *list;
    HY_JSON_SCOPED json_t *value = NULL;

    start();
    list = hy_arena_printf(&arena, "[%s]", text);
    value = hy_json_parse(list, strlen(list), NULL, 0);
    CHECK(value != NULL);
    platform->check_extra(json_array_get(value, 0), &found);
}

static void extra_is_an_object(void)
{
    check_extra("{}");
    CHECK(!hy_violations_any(&found));
    check_extra("{\"new_field\":{\"a\":[1,null]},\"flag\":true,\"Upper9\":\"雁\"}");
    CHECK(!hy_violations_any(&found));
    check_extra("\"{}\"");
    only("extra", "type", "an object", "text");
    check_extra("[]");
    only("extra", "type", "an object", "array");
}

static void extra_cannot_take_our_place(void)
{
    static const char *const ours[] = {
        "touser",           "template_id",       "page",        "form_id", "data", "lang",
        "emphasis_keyword", "miniprogram_state", "access_token"};

    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        check_extra(hy_arena_printf(&texts, "{\"a\":1,\"%s\":1}", ours[i]));
        only(hy_arena_printf(&texts, "extra.%s", ours[i]), "reserved", NULL, NULL);
    }
}

static void names_of_extra_have_a_shape(void)
{
    static const char shape[] = "named with letters, digits and _";
    static const char limit[] = "a123456789a123456789a123456789a123456789a123456789a123456789a1234";

    check_extra("{\"a b\":1}");
    only("extra.a b", "format", shape, NULL);
    check_extra("{\"a\\u001b\":1}");
    only("extra.a ", "format", shape, NULL);
    check_extra("{\"\":1}");
    CHECK_TEXT(found.items[0].rule, "format");
    check_extra(hy_arena_printf(&texts, "{\"%s\":1}", limit + 1));
    CHECK(!hy_violations_any(&found));
    check_extra(hy_arena_printf(&texts, "{\"%s\":1}", limit));
    only("extra.***", "max_length", "64", "65");
}

static void extra_has_20_members_at_most(void)
{
    char *members = hy_arena_strdup(&texts, "\"a1\":1");

    for (int i = 2; i <= 20; i++)
        members = hy_arena_printf(&texts, "%s,\"a%d\":1", members, i);
    check_extra(hy_arena_printf(&texts, "{%s}", members));
    CHECK(!hy_violations_any(&found));
    check_extra(hy_arena_printf(&texts, "{%s,\"b\":1}", members));
    only("extra", "items", "0..20", "21");
}

int main(void)
{
    int failed;

    platform = hy_platform_find("wechat_mini");
    hy_arena_init(&arena);
    hy_arena_init(&texts);
    RUN(makes_data_canonical);
    RUN(data_must_be_an_object);
    RUN(data_may_have_20_keys);
    RUN(values_must_be_texts);
    RUN(values_have_a_longest);
    RUN(control_characters_are_named);
    RUN(keys_have_a_shape);
    RUN(all_faults_are_told_at_once);
    RUN(earlier_violations_of_others_do_not_matter);
    RUN(names_the_fault_of_a_template);
    RUN(pages_are_pages);
    RUN(emphasis_names_a_key);
    RUN(choices_are_closed);
    RUN(data_page_and_extra_have_a_greatest_size);
    RUN(what_may_be_cut_is_not_too_large);
    RUN(extra_is_an_object);
    RUN(extra_cannot_take_our_place);
    RUN(names_of_extra_have_a_shape);
    RUN(extra_has_20_members_at_most);
    failed = hy_tap_end();
    hy_arena_deinit(&arena);
    hy_arena_deinit(&texts);
    return failed;
}
