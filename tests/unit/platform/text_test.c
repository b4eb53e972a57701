#include "tap.h"

#include "platform/text.h"

static char into[64];

static size_t clean(const char *text, size_t size)
{
    memset(into, 'x', sizeof into);
    into[0] = 0;
    return hy_text_append_clean(into, size, 0, text, text + strlen(text));
}

static uint32_t first_of(const char *text, size_t *ret_length)
{
    uint32_t c;

    *ret_length = hy_text_next(text, text + strlen(text), &c);
    return c;
}

static void reads_characters(void)
{
    static const struct {
        const char *text;
        uint32_t c;
        size_t length;
    } cases[] = {
        {"a", 'a', 1},
        {"\xc3\xa9", 0xe9, 2},
        {"雁", 0x96c1, 3},
        {"😀", 0x1f600, 4},
        {"\xf4\x8f\xbf\xbf", 0x10ffff, 4},
        {"\x80", 0xfffd, 1},             /* continues nothing */
        {"\xe9\x9b", 0xfffd, 1},         /* cut */
        {"\xe9(", 0xfffd, 1},            /* not continued */
        {"\xc0\xaf", 0xfffd, 1},         /* overlong */
        {"\xe0\x80\xaf", 0xfffd, 1},     /* overlong */
        {"\xf0\x80\x80\xaf", 0xfffd, 1}, /* overlong */
        {"\xed\xa0\x80", 0xfffd, 1},     /* a surrogate */
        {"\xf4\x90\x80\x80", 0xfffd, 1}, /* beyond Unicode */
        {"\xff", 0xfffd, 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length;

        CHECK_INT(first_of(cases[i].text, &length), cases[i].c);
        CHECK_INT(length, cases[i].length);
    }
}

static void counts_characters(void)
{
    CHECK_INT(hy_text_chars(""), 0);
    CHECK_INT(hy_text_chars("abc"), 3);
    CHECK_INT(hy_text_chars("鸿雁😀"), 3);
    CHECK_INT(hy_text_chars("\xff\xfe"), 2);
}

static void knows_words(void)
{
    CHECK(hy_text_is_word("aZ09", ""));
    CHECK(hy_text_is_word("a-b_c", "-_"));
    CHECK(!hy_text_is_word("a-b", ""));
    CHECK(!hy_text_is_word("", "-_"));
    CHECK(!hy_text_is_word("雁", ""));
}

static void cleans_what_is_not_plain(void)
{
    clean("a\x1b[2J\nb\x7f", sizeof into);
    CHECK_TEXT(into, "a [2J b ");
    clean("\xc2\x85|\xe2\x80\xa8|\xff|雁", sizeof into);
    CHECK_TEXT(into, " | |?|雁");
}

static void masks_long_runs(void)
{
    clean("x 0123456789abcdef0123456789abcde y", sizeof into);
    CHECK_TEXT(into, "x 0123456789abcdef0123456789abcde y");
    clean("x 0123456789abcdef0123456789abcdef y", sizeof into);
    CHECK_TEXT(into, "x *** y");
    clean("84_ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnop", sizeof into);
    CHECK_TEXT(into, "***");
}

static void cuts_between_characters(void)
{
    CHECK_INT(clean("ab鸿雁", 8), 5);
    CHECK_TEXT(into, "ab鸿");
    CHECK_INT(clean("ab鸿雁", 9), 8);
    CHECK_TEXT(into, "ab鸿雁");
    CHECK_INT(clean("abcdefgh", 8), 7);
    CHECK_TEXT(into, "abcdefg");
    CHECK_INT(clean("abc", 1), 0);
    CHECK_TEXT(into, "");
    CHECK_INT(clean("ab 0123456789abcdef0123456789abcdef", 5), 3);
    CHECK_TEXT(into, "ab ");
}

static void goes_on_behind_what_is_there(void)
{
    const char *tail = "雁!";
    size_t used = clean("鸿", sizeof into);

    used = hy_text_append_clean(into, sizeof into, used, tail, tail + strlen(tail));
    CHECK_INT(used, 7);
    CHECK_TEXT(into, "鸿雁!");
}

int main(void)
{
    RUN(reads_characters);
    RUN(counts_characters);
    RUN(knows_words);
    RUN(cleans_what_is_not_plain);
    RUN(masks_long_runs);
    RUN(cuts_between_characters);
    RUN(goes_on_behind_what_is_there);
    return hy_tap_end();
}
