#include "tap.h"

#include "base/err.h"
#include "domain/template.h"

#include <stdlib.h>

enum { LINE_MAX_BYTES = 2048, CASES_MIN = 250 };

static const char *const choices[] = {"待付款", "已发货", NULL};

static struct hy_arena arena;
static struct hy_violations v;

static void start(void)
{
    hy_arena_reset(&arena);
    hy_violations_init(&v, &arena);
}

static struct hy_template_field field_of(const char *key)
{
    struct hy_template_field field = {.key = key, .type = hy_template_type_of(key), .label = ""};

    field.enum_values = field.type == HY_TEMPLATE_ENUM ? choices : NULL;
    return field;
}

/* --- one line of template_cases.tsv at a time; each is a test of its own ---------------------- */

static struct {
    char *key, *value, *rule, *actual;
} one;

static void judges_as_listed(void)
{
    struct hy_template_field field = field_of(one.key);

    start();
    CHECK(one.rule && one.actual);
    hy_template_check_value(&field, one.value, &v, "data.x1");
    if (strcmp(one.rule, "ok") == 0) {
        CHECK_TEXT(v.count ? v.items[0].message : "", "");
        return;
    }
    CHECK_INT(v.count, 1);
    CHECK_TEXT(v.items[0].rule, one.rule);
    CHECK_TEXT(v.items[0].field, "data.x1");
    CHECK(strncmp(v.items[0].message, "data.x1 ", 8) == 0);
    if (one.actual[0])
        CHECK_TEXT(v.items[0].actual, one.actual);
}

static void unescape(char *text)
{
    char *to = text;

    for (; *text; text++) {
        char hex[3] = {0};

        if (text[0] != '\\') {
            *to++ = *text;
        } else if (text[1] == 'x') {
            memcpy(hex, text + 2, 2);
            *to++ = (char)strtol(hex, NULL, 16);
            text += 3;
        } else {
            *to++ = *++text == 'n' ? '\n' : '\t';
        }
    }
    *to = '\0';
}

static void run_line(char *line, int number)
{
    char name[LINE_MAX_BYTES], *rest = line;

    one.key = strsep(&rest, "\t");
    one.value = strsep(&rest, "\t");
    one.rule = strsep(&rest, "\t");
    one.actual = strsep(&rest, "\n");
    snprintf(name, sizeof name, "line %d %s: %s", number, one.key, one.rule ? one.rule : "?");
    if (one.value)
        unescape(one.value);
    hy_tap_run(name, judges_as_listed);
}

static int cases;
static bool seen_good[HY_TEMPLATE_TYPES], seen_bad[HY_TEMPLATE_TYPES];

/* Both sides of every type. */
static void has_all_cases(void)
{
    CHECK(cases >= CASES_MIN);
    for (int type = 0; type < HY_TEMPLATE_TYPES; type++) {
        if (!seen_good[type] || !seen_bad[type])
            hy_tap_fail(__FILE__, __LINE__, "%s: only one side is listed",
                        hy_template_type_names[type]);
    }
}

static void see(void)
{
    enum hy_template_type type = hy_template_type_of(one.key);

    if (one.rule && strcmp(one.rule, "ok") == 0)
        seen_good[type] = true;
    else
        seen_bad[type] = true;
}

static void run_cases(const char *path)
{
    char line[LINE_MAX_BYTES];
    FILE *file = path ? fopen(path, "r") : NULL;

    for (int number = 1; file && fgets(line, sizeof line, file); number++) {
        if (line[0] == '#')
            continue;
        run_line(line, number);
        see();
        cases++;
    }
    if (file)
        fclose(file);
    RUN(has_all_cases);
}

/* --- values ----------------------------------------------------------------------------------- */

static const struct {
    const char *key, *value, *limit, *actual, *message;
} messages[] = {
    {"thing1", "123456789012345678901", "20", "21",
     "data.f may have at most 20 characters; it has 21."},
    {"amount1", "12345678901", "10", "11", "data.f may have at most 10 digits; it has 11."},
    {"name1", "张abcdefghij", "10", "11", "data.f may have at most 10 characters; it has 11."},
    {"phrase1", "已EMS", "Han characters", "U+0045",
     "data.f may hold only Han characters; its character 2 is E, U+0045."},
    {"letter1", "a b", "Latin letters", "U+0020",
     "data.f may hold only Latin letters; its character 2 is U+0020."},
    {"thing1", "a\nb", NULL, "U+000A", "data.f holds a line break or tab, U+000A."},
    {"thing1", "a\x01", NULL, "U+0001", "data.f holds the control character U+0001."},
    {"number1", "x", "digits, with decimals if any", "x",
     "data.f must be digits, with decimals if any."},
    {"enum_string1", "x", "待付款, 已发货", "x",
     "data.f must be one of the template's: 待付款, 已发货."},
    {"number1", "12345678901234567890.1234567890a", "digits, with decimals if any",
     "12345678901234567890.1234567890a", "data.f must be digits, with decimals if any."},
    {"thing1", "", "1", "0", "data.f must not be empty."},
};

static void speaks_plainly(void)
{
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        struct hy_template_field field = field_of(messages[i].key);

        start();
        hy_template_check_value(&field, messages[i].value, &v, "data.f");
        CHECK_INT(v.count, 1);
        CHECK_TEXT(v.items[0].message, messages[i].message);
        CHECK_INT(v.items[0].limit == NULL, messages[i].limit == NULL);
        CHECK_INT(v.items[0].actual == NULL, messages[i].actual == NULL);
        if (messages[i].limit)
            CHECK_TEXT(v.items[0].limit, messages[i].limit);
        if (messages[i].actual)
            CHECK_TEXT(v.items[0].actual, messages[i].actual);
    }
}

static void tells_every_fault_of_a_value(void)
{
    struct hy_template_field field = field_of("letter1");

    start();
    hy_template_check_value(&field, "123456789012345678901234567890123", &v, "data.letter1");
    CHECK_INT(v.count, 2);
    CHECK_TEXT(v.items[0].rule, "max_length");
    CHECK_TEXT(v.items[1].rule, "characters");
}

/* The words say the very number that the check goes by. */
static void tells_its_rules(void)
{
    for (int type = 0; type < HY_TEMPLATE_TYPES; type++) {
        const char *rule = hy_template_type_rule((enum hy_template_type)type);
        size_t max = hy_template_type_max((enum hy_template_type)type);
        char number[24];

        snprintf(number, sizeof number, "%zu ", max);
        CHECK(rule);
        if (max && !strstr(rule, number))
            hy_tap_fail(__FILE__, __LINE__, "%s: %zu is not in \"%s\"",
                        hy_template_type_names[type], max, rule);
    }
}

static void accepts_any_choice_of_an_unknown_list(void)
{
    struct hy_template_field field = field_of("enum_string1");

    start();
    field.enum_values = NULL;
    hy_template_check_value(&field, "anything", &v, "data.enum_string1");
    CHECK_INT(v.count, 0);
}

static void knows_types_by_key(void)
{
    char key[64];

    for (int type = 0; type < HY_TEMPLATE_TYPES; type++) {
        snprintf(key, sizeof key, "%s12", hy_template_type_names[type]);
        CHECK_INT(hy_template_type_of(key), type);
        CHECK_INT(hy_template_type_of(hy_template_type_names[type]), HY_TEMPLATE_UNKNOWN);
    }
    CHECK(!hy_template_type_names[HY_TEMPLATE_TYPES]);
    CHECK_INT(hy_template_type_of("enum1"), HY_TEMPLATE_ENUM);
    CHECK_INT(hy_template_type_of("things1"), HY_TEMPLATE_UNKNOWN);
    CHECK_INT(hy_template_type_of("thin1"), HY_TEMPLATE_UNKNOWN);
    CHECK_INT(hy_template_type_of("Thing1"), HY_TEMPLATE_UNKNOWN);
    CHECK_INT(hy_template_type_of("7"), HY_TEMPLATE_UNKNOWN);
    CHECK_INT(hy_template_type_of(""), HY_TEMPLATE_UNKNOWN);
}

/* --- templates -------------------------------------------------------------------------------- */

/* Fields as "key=label;" in order. */
static const struct {
    const char *content, *fields;
} contents[] = {
    {"商品:{{thing1.DATA}}\n时间:{{date2.DATA}}\n", "thing1=商品;date2=时间;"},
    {"商品：{{thing1.DATA}}\r\n 取餐号 ： {{ character_string13.DATA }} \r\n",
     "thing1=商品;character_string13=取餐号;"},
    {"{{first.DATA}}\n订单:{{keyword1.DATA}}\n\n{{remark.DATA}}", "first=;keyword1=订单;remark=;"},
    {"\t地点　:　{{thing2.DATA}}", "thing2=地点;"},
    {"a:{{time1.DATA}} to:{{time2.DATA}}", "time1=a;time2=to;"},
    {"Welcome!\nYour text: {{keyword1.DATA}}.\nBye", "keyword1=Your text;"},
    {"比分 1:2 :{{thing1.DATA}}", "thing1=比分 1:2;"},
};

static void reads_templates(void)
{
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        struct hy_template_field *fields;
        char found[256] = "";
        size_t count = 0;

        start();
        CHECK_INT(hy_template_parse(contents[i].content, &arena, &fields, &count), 0);
        for (size_t k = 0; k < count; k++) {
            size_t used = strlen(found);

            snprintf(found + used, sizeof found - used, "%s=%s;", fields[k].key, fields[k].label);
            CHECK_INT(fields[k].type, hy_template_type_of(fields[k].key));
        }
        CHECK_TEXT(found, contents[i].fields);
    }
}

static void refuses_what_is_no_template(void)
{
    static const char *const bad[] = {"",
                                      "no mark at all",
                                      "a:{{thing1.DATA",
                                      "a:{{thing1.DATA}",
                                      "a:{{thing1}}",
                                      "a:{{.DATA}}",
                                      "a:{{1thing.DATA}}",
                                      "a:{{thing 1.DATA}}",
                                      "a:{{thing1.\nDATA}}",
                                      "a:{{thing1.DATA}}\nb:{{thing1.DATA}}",
                                      "a:{{thing1.DATA}}\nb:{{",
                                      "\xff:{{thing1.DATA}}",
                                      "a:{{a23456789012345678901234567890123.DATA}}"};
    struct hy_template_field *fields = NULL;
    size_t count = 77;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        start();
        if (hy_template_parse(bad[i], &arena, &fields, &count) != HY_E_INVALID)
            hy_tap_fail(__FILE__, __LINE__, "\"%s\" was not refused as invalid", bad[i]);
        CHECK(!fields && count == 77);
    }
}

static void keeps_to_its_limits(void)
{
    char content[HY_TEMPLATE_TEXT_BYTES + 1] = "";
    struct hy_template_field *fields;
    size_t count = 0, used = 0;

    start();
    for (int i = 1; i <= HY_TEMPLATE_FIELDS_MAX; i++)
        used += (size_t)snprintf(content + used, sizeof content - used, "{{thing%d.DATA}}\n", i);
    CHECK_INT(hy_template_parse(content, &arena, &fields, &count), 0);
    CHECK_INT(count, HY_TEMPLATE_FIELDS_MAX);
    snprintf(content + used, sizeof content - used, "{{thing99.DATA}}");
    CHECK_INT(hy_template_parse(content, &arena, &fields, &count), HY_E_LIMIT);

    memset(content, ' ', sizeof content);
    memcpy(content, "{{thing1.DATA}}", 15);
    content[HY_TEMPLATE_TEXT_BYTES - 1] = '\0';
    CHECK_INT(hy_template_parse(content, &arena, &fields, &count), 0);
    content[HY_TEMPLATE_TEXT_BYTES - 1] = ' ';
    content[HY_TEMPLATE_TEXT_BYTES] = '\0';
    CHECK_INT(hy_template_parse(content, &arena, &fields, &count), HY_E_LIMIT);
}

/* --- data ------------------------------------------------------------------------------------- */

/* Violations as "field rule;" in order. */
static const struct {
    const char *data, *faults;
} datas[] = {
    {"{\"thing1\":\"tea\",\"date2\":{\"value\":\"2019-10-01\",\"color\":\"#173177\"}}", ""},
    {"{\"thing1\":\"tea\"}", "data.date2 required;"},
    {"{}", "data.thing1 required;data.date2 required;"},
    {"{\"thing1\":null,\"date2\":{}}", "data.thing1 required;data.date2 required;"},
    {"{\"thing1\":5,\"date2\":{\"value\":[]}}", "data.thing1 type;data.date2 type;"},
    {"{\"thing1\":\"\",\"date2\":\"soon\"}", "data.thing1 not_empty;data.date2 format;"},
    {"{\"thing1\":\"tea\",\"date1\":\"2019-10-01\"}",
     "data.date2 required;data.date1 unknown_field;"},
    {"[]", "data type;"},
    {"\"{}\"", "data type;"},
};

static struct hy_template_field two[2];

static void check_data(const char *text)
{
    json_t *data = json_loads(text, JSON_DECODE_ANY, NULL);

    CHECK(data);
    start();
    two[0] = field_of("thing1");
    two[1] = field_of("date2");
    hy_template_check(two, 2, data, &v);
    json_decref(data);
}

static void holds_data_against_the_fields(void)
{
    for (size_t i = 0; i < sizeof datas / sizeof datas[0]; i++) {
        char found[256] = "";

        check_data(datas[i].data);
        for (size_t k = 0; k < v.count; k++) {
            size_t used = strlen(found);

            snprintf(found + used, sizeof found - used, "%s %s;", v.items[k].field,
                     v.items[k].rule);
        }
        CHECK_TEXT(found, datas[i].faults);
    }
}

static void names_the_nearest_key(void)
{
    check_data("{\"thing1\":\"a\",\"date2\":\"01-01\",\"thnig1\":\"a\"}");
    CHECK_INT(v.count, 1);
    CHECK_TEXT(v.items[0].message, "The template has no field thnig1; did you mean thing1?");
    check_data("{\"thing1\":\"a\",\"date2\":\"01-01\",\"some\\nthing quite else\":\"a\"}");
    CHECK_INT(v.count, 1);
    CHECK_TEXT(v.items[0].field, "data.some?thing quite else");
    CHECK_TEXT(v.items[0].message, "The template has no field some?thing quite else.");
}

/* --- cutting ---------------------------------------------------------------------------------- */

#define TEN    "一二三四五六七八九十"
#define FAMILY "👨‍👩‍👧" /* five code points, one visible character */

static const struct {
    enum hy_template_type type;
    const char *value, *cut; /* null: it can't be cut */
} cuts[] = {
    {HY_TEMPLATE_THING, "short", "short"},
    {HY_TEMPLATE_THING, TEN TEN, TEN TEN},
    {HY_TEMPLATE_THING, TEN TEN "一", TEN "一二三四五六七八九…"},
    {HY_TEMPLATE_THING, "12345678901234567" FAMILY "x", "12345678901234567…"},
    {HY_TEMPLATE_THING, "12345678901234" FAMILY "xx", "12345678901234" FAMILY "…"},
    {HY_TEMPLATE_THING, "123456789012345678e\u0301x", "123456789012345678…"},
    {HY_TEMPLATE_THING, "1234567890123456 　 90x", "1234567890123456…"},
    {HY_TEMPLATE_THING, "                        x", NULL},
    {HY_TEMPLATE_THING, "123456789012345678901\n", "1234567890123456789…"},
    {HY_TEMPLATE_THING, "1\n34567890123456789012", NULL},
    {HY_TEMPLATE_THING, "", NULL},
    {HY_TEMPLATE_THING, "\xff", NULL},
    {HY_TEMPLATE_SHORT_THING, "一二三四五六", "一二三四…"},
    {HY_TEMPLATE_SHORT_THING, FAMILY "x", NULL},
    {HY_TEMPLATE_NAME, TEN "一", "一二三四五六七八九…"},
    {HY_TEMPLATE_NAME, "abcdefghijklmnopqrstu", "abcdefghijklmnopqrs…"},
    {HY_TEMPLATE_NAME, "abcdefghijklmno张", "abcdefghi…"},
    {HY_TEMPLATE_NAME, "abcdefghijklmnopqrst1", "abcdefghijklmnopqrs…"},
    {HY_TEMPLATE_NAME, "1bcdefghijklmnopqrstu", NULL},
    {HY_TEMPLATE_CHARACTER_STRING, "123456789012345678901234567890123", NULL},
    {HY_TEMPLATE_PHRASE, "一二三四五六", NULL},
    {HY_TEMPLATE_NUMBER, "1", NULL},
    {HY_TEMPLATE_KEYWORD, "text", NULL},
};

static void cuts_where_readers_would(void)
{
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        const char *cut;

        start();
        cut = hy_template_cut(cuts[i].type, cuts[i].value, &arena);
        if (!cuts[i].cut && cut)
            hy_tap_fail(__FILE__, __LINE__, "\"%s\" became \"%s\"", cuts[i].value, cut);
        if (cuts[i].cut)
            CHECK_TEXT(cut, cuts[i].cut);
    }
}

int main(int argc, char **argv)
{
    hy_arena_init(&arena);
    RUN(speaks_plainly);
    RUN(tells_every_fault_of_a_value);
    RUN(tells_its_rules);
    RUN(accepts_any_choice_of_an_unknown_list);
    RUN(knows_types_by_key);
    RUN(reads_templates);
    RUN(refuses_what_is_no_template);
    RUN(keeps_to_its_limits);
    RUN(holds_data_against_the_fields);
    RUN(names_the_nearest_key);
    RUN(cuts_where_readers_would);
    run_cases(argc > 1 ? argv[1] : NULL);
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
