#include "tap.h"

#include "cli/table.h"

static struct hy_arena arena;
static struct hy_buf out;

static void counts_cells(void)
{
    CHECK_INT(hy_text_width(""), 0);
    CHECK_INT(hy_text_width("abc"), 3);
    CHECK_INT(hy_text_width("鸿雁"), 4);
    CHECK_INT(hy_text_width("é"), 1);
    CHECK_INT(hy_text_width("e\xcc\x81"), 1); /* with a combining accent */
    CHECK_INT(hy_text_width("ＡＢ"), 4);
    CHECK_INT(hy_text_width("🐦"), 2);
    CHECK_INT(hy_text_width("한글"), 4);
}

static void survives_what_is_not_utf8(void)
{
    CHECK_INT(hy_text_width("\xe9"), 1);
    CHECK_INT(hy_text_width("\xe9\xb8"), 2);
    CHECK_INT(hy_text_width("a\xff\xf0\x9f"), 4);
}

static void cleans_control_bytes(void)
{
    CHECK_TEXT(hy_text_clean(&arena, "a\x1b[31mb\n\x7f"), "a [31mb  ");
    CHECK_TEXT(hy_text_clean(&arena, "a\xc2\x9b"
                                     "b"),
               "a  b");
    CHECK_TEXT(hy_text_clean(&arena, "鸿雁"), "鸿雁");
    CHECK_TEXT(hy_text_clean(&arena, NULL), "");
}

static void aligns(void)
{
    static const char *const cells[] = {"NAME", "N", "NOTE", "鸿雁", "7", "x", "ab", "1234", ""};
    struct hy_table t;

    hy_buf_clear(&out);
    hy_table_init(&t, &arena, &out, 3);
    t.right[1] = true;
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        hy_table_add(&t, cells[i]);
    hy_table_print(&t);
    CHECK_TEXT(hy_buf_text(&out), "NAME     N  NOTE\n"
                                  "鸿雁     7  x\n"
                                  "ab    1234\n");
}

static void grows(void)
{
    struct hy_table t;
    size_t lines = 0;

    hy_buf_clear(&out);
    hy_table_init(&t, &arena, &out, 2);
    t.indent = "> ";
    for (int i = 0; i < 2000; i++)
        hy_table_add(&t, i % 2 ? "right" : "left");
    hy_table_print(&t);
    for (const char *at = hy_buf_text(&out); (at = strstr(at, "> left  right\n")); at++)
        lines++;
    CHECK_INT(lines, 1000);
    CHECK_INT(out.size, 1000 * strlen("> left  right\n"));
}

int main(void)
{
    hy_arena_init(&arena);
    hy_buf_init(&out, 1 << 20);
    RUN(counts_cells);
    RUN(survives_what_is_not_utf8);
    RUN(cleans_control_bytes);
    RUN(aligns);
    RUN(grows);
    hy_buf_deinit(&out);
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
