#include "tap.h"

#include "base/json.h"

struct demo {
    const char *name;
    int64_t count;
    bool loud;
    int64_t at_ms;
    int colour;
    json_t *data;
};

static const char *const colours[] = {"red", "green", NULL};
static const struct hy_json_field fields[] = {
    {.name = "name",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct demo, name),
     .required = true,
     .max = 8},
    {.name = "count",
     .type = HY_JSON_INT,
     .offset = offsetof(struct demo, count),
     .min = 1,
     .max = 10},
    {.name = "loud", .type = HY_JSON_BOOL, .offset = offsetof(struct demo, loud)},
    {.name = "send_at", .type = HY_JSON_INSTANT, .offset = offsetof(struct demo, at_ms)},
    {.name = "colour",
     .type = HY_JSON_ENUM,
     .offset = offsetof(struct demo, colour),
     .choices = colours},
    {.name = "data", .type = HY_JSON_OBJECT, .offset = offsetof(struct demo, data)},
    {0}};

static struct hy_arena arena;
static struct hy_violations found;

static uint32_t read_demo(const char *text, struct demo *demo)
{
    char reason[200];
    HY_JSON_SCOPED json_t *root = hy_json_parse(text, strlen(text), reason, sizeof reason);

    CHECK(root != NULL);
    hy_violations_init(&found, &arena);
    return hy_json_read(root, fields, demo, &found);
}

static void fills_every_type(void)
{
    struct demo d = {0};
    uint32_t present = read_demo("{\"name\":\"goose\",\"count\":3,\"loud\":true,"
                                 "\"send_at\":1772352000,\"colour\":\"green\",\"data\":{}}",
                                 &d);

    CHECK(!hy_violations_any(&found));
    CHECK_INT(present, 0x3f);
    CHECK_TEXT(d.name, "goose");
    CHECK_INT(d.count, 3);
    CHECK(d.loud);
    CHECK_INT(d.at_ms, 1772352000000);
    CHECK_INT(d.colour, 1);
}

static void absent_and_null_keep_the_default(void)
{
    struct demo d = {.count = 7};

    CHECK_INT(read_demo("{\"name\":\"a\",\"count\":null}", &d), 1);
    CHECK(!hy_violations_any(&found));
    CHECK_INT(d.count, 7);
}

static void names_every_fault_at_once(void)
{
    struct demo d = {.count = 7};

    read_demo("{\"name\":\"much too long\",\"count\":11,\"loud\":1,\"send_at\":\"soon\","
              "\"colour\":\"blue\",\"data\":[],\"nmae\":1}",
              &d);
    CHECK_INT(found.count, 7);
    CHECK_TEXT(found.items[0].field, "name");
    CHECK_TEXT(found.items[0].rule, "max_length");
    CHECK_TEXT(found.items[0].limit, "8");
    CHECK_TEXT(found.items[0].actual, "13");
    CHECK_TEXT(found.items[1].rule, "range");
    CHECK_TEXT(found.items[6].rule, "unknown_field");
    CHECK_TEXT(found.items[6].message, "There is no field nmae; did you mean name?");
    CHECK(d.name == NULL);
    CHECK_INT(d.count, 7);
}

static void a_missing_field_is_named(void)
{
    struct demo d = {0};

    read_demo("{}", &d);
    CHECK_INT(found.count, 1);
    CHECK_TEXT(found.items[0].field, "name");
    CHECK_TEXT(found.items[0].rule, "required");
}

static void prefix_leads_to_the_item(void)
{
    struct demo d = {0};

    hy_violations_init(&found, &arena);
    found.prefix = "[3].";
    HY_JSON_SCOPED json_t *text = json_string("x");
    hy_json_read(text, fields, &d, &found);
    CHECK_TEXT(found.items[0].field, "[3]");
}

static void parsing_is_strict(void)
{
    static const char *const bad[] = {"",        "{",           "{\"a\":1,\"a\":2}", "[1,]",
                                      "{} x",    "\"\\u0000\"", "\"\xff\"",          "nul",
                                      "[1.0.0]", "'a'"};
    char reason[200];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        reason[0] = 0;
        CHECK(hy_json_parse(bad[i], strlen(bad[i]), reason, sizeof reason) == NULL);
        CHECK(reason[0] != 0);
    }
}

static void faults_do_not_quote_the_input(void)
{
    static const char text[] = "{\"secret\": hunter2}";
    char reason[200];

    CHECK(hy_json_parse(text, sizeof text - 1, reason, sizeof reason) == NULL);
    CHECK(strstr(reason, "hunter2") == NULL);
}

static void depth_is_limited(void)
{
    char text[2 * HY_JSON_DEPTH_MAX + 8], reason[200];
    json_t *root;

    memset(text, '[', HY_JSON_DEPTH_MAX + 1);
    memset(text + HY_JSON_DEPTH_MAX + 1, ']', HY_JSON_DEPTH_MAX + 1);
    CHECK(!hy_json_parse(text, 2 * HY_JSON_DEPTH_MAX + 2, reason, sizeof reason));
    root = hy_json_parse(text + 1, 2 * HY_JSON_DEPTH_MAX, reason, sizeof reason);
    CHECK(root != NULL);
    json_decref(root);
}

/* What is read into an arena is the same value, and goes with the arena alone. */
static void reads_into_an_arena(void)
{
    static const char text[] = "{\"text\":\"\\u9e3f\xe9\x9b\x81, and long enough for two buffers\","
                               "\"list\":[1,-2.5,true,null,{},[]],\"big\":9223372036854775807}";
    HY_JSON_SCOPED json_t *usual = hy_json_parse(text, sizeof text - 1, NULL, 0);
    struct hy_arena own;
    json_t *root;

    hy_arena_init(&own);
    root = hy_json_parse_in(&own, text, sizeof text - 1, NULL, 0);
    CHECK(root && json_equal(root, usual));
    CHECK(own.used_bytes > sizeof text);
    json_incref(root);
    for (int i = 0; i < 3; i++)
        json_decref(root);
    json_decref(json_incref(json_object_get(root, "text")));
    CHECK(json_equal(root, usual));
    hy_arena_deinit(&own);
}

static void an_arena_takes_no_fault(void)
{
    static const char *const faulty[] = {"",    "{\"a\":1,\"a\":2}",     "[1] x", "[\"\\u0000\"]",
                                         "[1,", "[99999999999999999999]"};
    char reason[200], same[200], deep[2 * HY_JSON_DEPTH_MAX + 3] = "";
    struct hy_arena own;

    hy_arena_init(&own);
    for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
        CHECK(!hy_json_parse(faulty[i], strlen(faulty[i]), same, sizeof same));
        CHECK(!hy_json_parse_in(&own, faulty[i], strlen(faulty[i]), reason, sizeof reason));
        CHECK_TEXT(reason, same);
    }
    memset(deep, '[', HY_JSON_DEPTH_MAX + 1);
    memset(deep + HY_JSON_DEPTH_MAX + 1, ']', HY_JSON_DEPTH_MAX + 1);
    CHECK(!hy_json_parse_in(&own, deep, strlen(deep), reason, sizeof reason));
    CHECK(strstr(reason, "nested"));
    hy_arena_deinit(&own);
}

static void writes_compact_raw_utf8(void)
{
    HY_JSON_SCOPED json_t *root =
        json_pack("{s:s, s:I}", "k", "\xe9\xb8\xbf&<", "n", (json_int_t)3248682510344192008);

    CHECK_TEXT(hy_json_text(&arena, root), "{\"k\":\"\xe9\xb8\xbf&<\",\"n\":3248682510344192008}");
}

static void check_written(json_t *value, const char *want)
{
    struct hy_buf b;

    hy_buf_init(&b, 100);
    hy_json_write(&b, value);
    CHECK(hy_buf_ok(&b));
    CHECK_TEXT(hy_buf_text(&b), want);
    hy_buf_deinit(&b);
    json_decref(value);
}

static void writes_what_it_read(void)
{
    struct hy_buf b;

    check_written(json_string(""), "\"\"");
    check_written(json_string("plain / text"), "\"plain / text\"");
    check_written(json_string("\xe9\xb8\xbf\x7f"), "\"\xe9\xb8\xbf\x7f\"");
    check_written(json_string("a\"b\\c\nd\x01"), "\"a\\\"b\\\\c\\nd\\u0001\"");
    check_written(json_stringn("a\0b", 3), "\"a\\u0000b\"");
    check_written(json_pack("[i, s, n]", 1, "x"), "[1,\"x\",null]");
    hy_buf_init(&b, 100);
    hy_json_write(&b, NULL); /* a text that was not UTF-8 gave no value */
    CHECK(!hy_buf_ok(&b));
    hy_buf_deinit(&b);
}

static void nearest_names_are_likely_slips(void)
{
    static const char *const names[] = {"template", "user", "data", NULL};

    CHECK_TEXT(hy_nearest_name("tempalte", names), "template");
    CHECK_TEXT(hy_nearest_name("usr", names), "user");
    CHECK(hy_nearest_name("zebra", names) == NULL);
}

int main(void)
{
    hy_arena_init(&arena);
    RUN(fills_every_type);
    RUN(absent_and_null_keep_the_default);
    RUN(names_every_fault_at_once);
    RUN(a_missing_field_is_named);
    RUN(prefix_leads_to_the_item);
    RUN(parsing_is_strict);
    RUN(faults_do_not_quote_the_input);
    RUN(depth_is_limited);
    RUN(reads_into_an_arena);
    RUN(an_arena_takes_no_fault);
    RUN(writes_compact_raw_utf8);
    RUN(writes_what_it_read);
    RUN(nearest_names_are_likely_slips);
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
