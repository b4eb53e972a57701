/* JSON read while memory is short: whole, or not at all, and nothing written past its end. Every
 * allocation of each text fails, once and from there on. Under AddressSanitizer an overrun and a
 * block not given back end the program; without, libjansson's own assertions do. */
#include "tap.h"

#include "../api/short_memory.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

static json_t *parse(struct hy_arena *arena, const char *text)
{
    return arena ? hy_json_parse_in(arena, text, strlen(text), NULL, 0)
                 : hy_json_parse(text, strlen(text), NULL, 0);
}

/* Parses `text` with the `nth` allocation refused. False when there are fewer. */
static bool parse_short(struct hy_arena *arena, const char *text, size_t nth, bool for_ever)
{
    HY_JSON_SCOPED json_t *whole = parse(NULL, text);
    bool starved, struck;
    json_t *root;

    short_memory_begin(nth, for_ever);
    root = parse(arena, text);
    starved = hy_json_starved();
    struck = short_memory_end();
    if (starved != struck || (root != NULL) != (whole && !struck) ||
        (root && !json_equal(root, whole)))
        hy_tap_fail(__FILE__, __LINE__, "%s of %s", starved ? "starved" : "read", text);
    json_decref(root);
    return struck;
}

static void parse_short_everywhere(const char *text)
{
    size_t nth = 1;

    while (parse_short(NULL, text, nth, false) && parse_short(NULL, text, nth, true))
        nth++;
    CHECK(nth > 2);
}

static bool parse_short_in(const char *text, size_t nth, bool for_ever)
{
    struct hy_arena arena;
    bool struck;

    hy_arena_init(&arena);
    struck = parse_short(&arena, text, nth, for_ever);
    hy_arena_deinit(&arena);
    return struck;
}

static void parse_short_everywhere_in_an_arena(const char *text)
{
    size_t nth = 1;

    while (parse_short_in(text, nth, false) && parse_short_in(text, nth, true))
        nth++;
    CHECK(nth > 1);
}

/* The parser's buffer holds 16 bytes, then 32, 64, 128: one of these texts ends where it grows, for
 * each size and each kind of byte that may get lost. */
static void a_text_may_end_where_the_buffer_grows(void)
{
    static const char *const tails[] = {
        "", "\\n", "\\\\", "\\\"", "\\u9e3f", "\\ud83d\\ude00", "\xe9\xb8\xbf"};
    char text[400];

    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        for (int length = 0; length < 140; length++) {
            snprintf(text, sizeof text, "[\"%.*s%s\",1]", length,
                     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                     tails[i]);
            parse_short_everywhere(text);
            parse_short_everywhere_in_an_arena(text);
        }
    }
}

static void a_number_or_a_word_may_end_there(void)
{
    static const char digits[] = "123456789012345678";
    char text[100];

    for (int length = 1; length <= 18; length++) {
        snprintf(text, sizeof text, "[%.*s]", length, digits);
        parse_short_everywhere(text);
        snprintf(text, sizeof text, "[-%.*s.%.*se-1]", length, digits, length, digits);
        parse_short_everywhere(text);
    }
    parse_short_everywhere("[truetruetruetruetruetrue]");
    parse_short_everywhere("{\"a\":1, \"unfinished, and long enough for two buffers");
    parse_short_everywhere("{\"same\":[1,2,{}],\"same\":2}");
}

/* More blocks than are counted without memory for it; tables and arrays that grow, too. */
static void many_values(void)
{
    char text[12000];
    size_t used = (size_t)snprintf(text, sizeof text, "{\"list\":[");

    for (int i = 0; i < 120; i++)
        used +=
            (size_t)snprintf(text + used, sizeof text - used,
                             "%s{\"user\":\"o6_bmjrPTlm6_2sgVt7hMZOPfL%02d\",\"n\":[%d,null,[]]}",
                             i ? "," : "", i, i);
    used += (size_t)snprintf(text + used, sizeof text - used, "]");
    for (int i = 0; i < 40; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, ",\"key %d\":true", i);
    snprintf(text + used, sizeof text - used, "}");
    parse_short_everywhere(text);
    parse_short_everywhere_in_an_arena(text);
}

static void a_copy_is_whole_or_none(void)
{
    HY_JSON_SCOPED json_t *value =
        json_pack("{s:[s,i,n],s:{s:f}}", "a", "a text", 1, "b", "c", 1.5);
    bool struck = true;

    for (size_t nth = 1; struck; nth++) {
        json_t *copy;

        short_memory_begin(nth, false);
        copy = hy_json_copy(value);
        struck = short_memory_end();
        CHECK(struck ? !copy : json_equal(copy, value));
        json_decref(copy);
    }
}

int main(void)
{
    RUN(a_text_may_end_where_the_buffer_grows);
    RUN(a_number_or_a_word_may_end_there);
    RUN(many_values);
    RUN(a_copy_is_whole_or_none);
    return hy_tap_end();
}
