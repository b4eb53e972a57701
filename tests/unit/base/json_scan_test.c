/* What is read without jansson is read as jansson reads it, and what it refuses is left to it. */
#include "tap.h"

#include "base/json_scan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* How jansson reads it; null when it refuses. */
static json_t *theirs(const char *bytes, size_t size)
{
    return json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
}

/* Texts compare as bytes, and members in the order in which they came. */
static void same(json_t *a, json_t *b)
{
    char *a_text = json_dumps(a, JSON_COMPACT), *b_text = json_dumps(b, JSON_COMPACT);

    CHECK(a && b && json_equal(a, b));
    CHECK(a_text && b_text);
    CHECK_TEXT(a_text, b_text);
    free(a_text);
    free(b_text);
    json_decref(a);
    json_decref(b);
}

/* True when it was read. */
static bool agree(const char *bytes, size_t size)
{
    char *exact = malloc(size + !size); /* so that a byte read behind it is seen */
    json_t *own;

    CHECK(exact);
    memcpy(exact, bytes, size);
    own = hy_json_scan(exact, size);
    if (own)
        same(own, theirs(bytes, size));
    free(exact);
    return own != NULL;
}

static const char *const good[] = {
    "{}",
    " [ ] ",
    "\t{\r\n\"a\" : [1 ,-2,0,-0, 999999999999999999,-999999999999999999] }\n",
    "[true,false,null]",
    "{\"\":\"\",\"a\":{\"b\":{\"c\":[[],{}]}}}",
    "[\"\\\" \\\\ \\/ \\b \\f \\n \\r \\t\"]",
    "[\"\\u0001\\u007f\\u0080\\u07ff\\u0800\\uFFFF\\uabCD\"]",
    "[\"\\ud800\\udc00 \\uDBFF\\uDFFF\"]",
    "[\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4"
    "\x8f\xbf\xbf\"]",
    "{\"\\u4f60\\u597d\":\"\\u4f60\",\"b\\n\":{\"\\t\":\"\\u0041\"},\"c\":\"d\"}",
    "{\"app\":\"wx1\",\"data\":{\"keyword1\":\"\xe4\xbd\xa0\xe5\xa5\xbd\"},\"send_at\":1700000000}",
};

static void what_is_usual_is_read(void)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(agree(good[i], strlen(good[i])));
}

static const char *const left[] = {
    "",
    " ",
    "1",
    "\"a\"",
    "true",
    "{",
    "[1",
    "[1,]",
    "{\"a\":1,}",
    "{\"a\" 1}",
    "{a:1}",
    "[1 2]",
    "[] []",
    "[]x",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"\\u0061\":2}",
    "[01]",
    "[-]",
    "[-01]",
    "[+1]",
    "[1.5]",
    "[1e3]",
    "[1000000000000000000]",
    "[9223372036854775808]",
    "[truex]",
    "[nul]",
    "[\"a]",
    "[\"\n\"]",
    "[\"\\x\"]",
    "[\"\\",
    "[\"\\u12",
    "[\"\\u12g4\"]",
    "[\"\\u0000\"]",
    "[\"\\ud800\"]",
    "[\"\\ud800x\"]",
    "[\"\\ud800\\u0041\"]",
    "[\"\\udc00\"]",
    "[\"\x80\"]",
    "[\"\xc1\x81\"]",
    "[\"\xe0\x9f\xbf\"]",
    "[\"\xed\xa0\x80\"]",
    "[\"\xf0\x8f\xbf\xbf\"]",
    "[\"\xf4\x90\x80\x80\"]",
    "[\"\xf5\x80\x80\x80\"]",
    "[\"\xe4\xbd\"]",
    "[\"\xe4",
};

static void all_else_is_left(void)
{
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        CHECK(!agree(left[i], strlen(left[i])));
    CHECK(!agree("[\"a\0b\"]", 7));
    CHECK(!agree("{\"a\0b\":1}", 9));
    CHECK(!agree("[1]\0", 4));
}

static void a_piece_of_a_text_is_left(void)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        for (size_t size = 0; size < strlen(good[i]); size++)
            agree(good[i], size);
}

/* Each byte replaced by each other one: none is read otherwise than jansson reads it. */
static void a_wrong_byte_is_seen(void)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        size_t size = strlen(good[i]);
        char *text = strdup(good[i]);

        CHECK(text);
        for (size_t at = 0; at < size; at++) {
            for (int byte = 0; byte < 256; byte++) {
                text[at] = (char)byte;
                agree(text, size);
            }
            text[at] = good[i][at];
        }
        free(text);
    }
}

static void nothing_deep_is_read(void)
{
    char text[80];

    memset(text, '[', 40);
    memset(text + 40, ']', 40);
    CHECK(agree(text + 8, 64));
    CHECK(!agree(text + 7, 66));
}

int main(void)
{
    RUN(what_is_usual_is_read);
    RUN(all_else_is_left);
    RUN(a_piece_of_a_text_is_left);
    RUN(a_wrong_byte_is_seen);
    RUN(nothing_deep_is_read);
    return hy_tap_end();
}
