#include "api/out.h"

#include "base/err.h"
#include "domain/app.h"
#include "tap.h"

#include <string.h>

static struct hy_out out;

static void check(const char *expected)
{
    CHECK(hy_buf_ok(&out.buf));
    CHECK_TEXT(hy_buf_text(&out.buf), expected);
    hy_out_deinit(&out);
    hy_out_init(&out);
}

static void puts_commas(void)
{
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_text(&out, "a", "x");
    hy_out_begin(&out, "list", '[');
    hy_out_int(&out, NULL, 1);
    hy_out_begin(&out, NULL, '{');
    hy_out_end(&out, '}');
    hy_out_null(&out, NULL);
    hy_out_end(&out, ']');
    hy_out_bool(&out, "b", true);
    hy_out_end(&out, '}');
    check("{\"a\":\"x\",\"list\":[1,{},null],\"b\":true}");
}

static void leaves_out_what_is_not_there(void)
{
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_text(&out, "text", NULL);
    hy_out_instant(&out, "at", 0);
    hy_out_id(&out, "id", 'g', 0);
    hy_out_raw(&out, "raw", NULL);
    hy_out_number_or_text(&out, "code", "");
    hy_out_number_or_text(&out, "code", NULL);
    hy_out_text(&out, "empty", "");
    hy_out_end(&out, '}');
    check("{\"empty\":\"\"}");
}

static void escapes_text(void)
{
    hy_out_init(&out);
    hy_out_text(&out, NULL, "a\"b\\c\n\t\r\b\f\x01\x1f/\x7f");
    check("\"a\\\"b\\\\c\\n\\t\\r\\b\\f\\u0001\\u001f/\x7f\"");
    hy_out_text(&out, NULL, "\xe9\xb8\xbf\xe9\x9b\x81 \xf0\x9f\x98\x80");
    check("\"\xe9\xb8\xbf\xe9\x9b\x81 \xf0\x9f\x98\x80\"");
}

static void replaces_what_is_not_utf8(void)
{
    hy_out_init(&out);
    hy_out_text(&out, NULL, "a\xff\x62\xe9\xb8"); /* cut in the middle of a character */
    check("\"a\xef\xbf\xbd"
          "b\xef\xbf\xbd\xef\xbf\xbd\"");
    hy_out_text(&out, NULL, "\xed\xa0\x80\xc0\x80\xf4\x90\x80\x80");
    CHECK(!strstr(hy_buf_text(&out.buf), "\xed\xa0"));
    CHECK(!strstr(hy_buf_text(&out.buf), "\xc0"));
    CHECK(!strstr(hy_buf_text(&out.buf), "\xf4"));
    hy_out_deinit(&out);
}

static void tells_numbers_from_text(void)
{
    static const char *const cases[][2] = {{"40001", "40001"},
                                           {"-1", "-1"},
                                           {"0", "0"},
                                           {"007", "\"007\""},
                                           {"-0", "\"-0\""},
                                           {"1.5", "\"1.5\""},
                                           {"12a", "\"12a\""},
                                           {"1234567890123456789", "\"1234567890123456789\""},
                                           {"-", "\"-\""},
                                           {"isv.invalid", "\"isv.invalid\""},
                                           {"1..10", "\"1..10\""}};

    hy_out_init(&out);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hy_out_number_or_text(&out, NULL, cases[i][0]);
        check(cases[i][1]);
    }
}

static void writes_a_struct_by_its_table(void)
{
    struct hy_app_settings settings = hy_app_settings_default;
    struct hy_app_settings again = {0};
    struct hy_violations v;
    struct hy_arena arena;
    json_t *root;

    settings.rate_per_s = 17;
    settings.legacy_intake = true;
    settings.token_mode = HY_TOKEN_CLASSIC;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_fields(&out, hy_app_settings_fields, &settings);
    hy_out_end(&out, '}');
    root = hy_json_parse(hy_buf_text(&out.buf), out.buf.size, NULL, 0);
    hy_arena_init(&arena);
    hy_violations_init(&v, &arena);
    hy_json_read(root, hy_app_settings_fields, &again, &v);
    CHECK(!hy_violations_any(&v));
    CHECK_INT(again.rate_per_s, 17);
    CHECK_INT(again.legacy_intake, 1);
    CHECK_INT(again.token_mode, HY_TOKEN_CLASSIC);
    CHECK_INT(again.receipt_margin_s, settings.receipt_margin_s);
    json_decref(root);
    hy_arena_deinit(&arena);
    hy_out_deinit(&out);
}

static void reads_back_its_ids(void)
{
    static const char *const bad[] = {
        "",   "k", "k0", "k01", "s12", "12", "k1x", "k-1", "k+1", "k 1", "k99999999999999999999",
        "K12"};
    int64_t id = 0;

    hy_out_init(&out);
    hy_out_id(&out, NULL, 'k', 12);
    check("\"k12\"");
    CHECK_INT(hy_out_id_parse("k12", 'k', &id), 0);
    CHECK_INT(id, 12);
    CHECK_INT(hy_out_id_parse("k999999999999999999", 'k', &id), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(hy_out_id_parse(bad[i], 'k', &id), HY_E_NOT_FOUND);
    hy_out_deinit(&out);
}

int main(void)
{
    RUN(puts_commas);
    RUN(leaves_out_what_is_not_there);
    RUN(escapes_text);
    RUN(replaces_what_is_not_utf8);
    RUN(tells_numbers_from_text);
    RUN(writes_a_struct_by_its_table);
    RUN(reads_back_its_ids);
    return hy_tap_end();
}
