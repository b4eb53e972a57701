#include "api/form.h"

#include "base/err.h"
#include "tap.h"

#include <string.h>

static struct hy_arena arena;
static struct hy_form form;

static int parse(const char *text)
{
    hy_arena_deinit(&arena);
    hy_arena_init(&arena);
    return hy_form_parse(&arena, text, strlen(text), &form);
}

static void reads_fields(void)
{
    CHECK_INT(parse("form_id=abc&openId=oU-_1&x="), 0);
    CHECK_INT(form.count, 3);
    CHECK_TEXT(hy_form_get(&form, "form_id"), "abc");
    CHECK_TEXT(hy_form_get(&form, "openId"), "oU-_1");
    CHECK_TEXT(hy_form_get(&form, "x"), "");
    CHECK(!hy_form_get(&form, "openid"));
}

static void decodes(void)
{
    CHECK_INT(parse("a%20b=%E9%B8%bf+%2B%26%3D&c=1=2"), 0);
    CHECK_TEXT(hy_form_get(&form, "a b"), "\xe9\xb8\xbf +&=");
    CHECK_TEXT(hy_form_get(&form, "c"), "1=2");
}

static void skips_empty_pieces(void)
{
    CHECK_INT(parse("&&a=1&&b&"), 0);
    CHECK_INT(form.count, 2);
    CHECK_TEXT(hy_form_get(&form, "b"), "");
    CHECK_INT(parse(""), 0);
    CHECK_INT(form.count, 0);
}

static void the_first_of_a_name_counts(void)
{
    CHECK_INT(parse("a=1&a=2"), 0);
    CHECK_TEXT(hy_form_get(&form, "a"), "1");
}

static void refuses_what_is_not_a_form(void)
{
    static const char *const bad[] = {"a=%",    "a=%4",  "a=%zz",  "%=1",
                                      "a=%00b", "a=%ff", "a=\xc3", "a=%ED%A0%80"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(parse(bad[i]), HY_E_INVALID);
    CHECK_INT(hy_form_parse(&arena, "a=\0b", 4, &form), HY_E_INVALID);
}

static void is_bounded(void)
{
    static char large[HY_FORM_BYTES_MAX + 2];

    for (int i = 0; i < HY_FORM_FIELDS_MAX; i++)
        memcpy(large + 2 * i, "a&", 2);
    CHECK_INT(parse(large), 0);
    CHECK_INT(form.count, HY_FORM_FIELDS_MAX);
    memcpy(large + 2 * HY_FORM_FIELDS_MAX, "a", 2);
    CHECK_INT(parse(large), HY_E_LIMIT);
    memset(large, 'x', HY_FORM_BYTES_MAX);
    CHECK_INT(parse(large), 0);
    large[HY_FORM_BYTES_MAX] = 'x';
    CHECK_INT(parse(large), HY_E_LIMIT);
}

int main(void)
{
    RUN(reads_fields);
    RUN(decodes);
    RUN(skips_empty_pieces);
    RUN(the_first_of_a_name_counts);
    RUN(refuses_what_is_not_a_form);
    RUN(is_bounded);
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
