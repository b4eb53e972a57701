/* Lines as people's editors end them. */
#include "tap.h"

#include "api/lines.h"

static char text[4000];

/* Reads in pieces of `bytes`; the lines as "1[text]", too long ones as "1!". */
static const char *lines_of(const char *all, size_t bytes, size_t max)
{
    size_t size = strlen(all);
    struct hy_lines lines;
    struct hy_line line;
    struct hy_buf out;

    hy_buf_init(&out, sizeof text - 1);
    hy_lines_init(&lines, max);
    for (size_t from = 0; from <= size; from += bytes) {
        size_t count = size - from < bytes ? size - from : bytes, at = 0;
        enum hy_lines_got got;

        for (;;) {
            got = hy_lines_next(&lines, all + from, count, &at, &line);
            if (got == HY_LINES_MORE && from + count == size && at == count)
                got = hy_lines_last(&lines, &line);
            if (got == HY_LINES_MORE)
                break;
            if (got == HY_LINES_ONE)
                hy_buf_printf(&out, "%d[%.*s]", (int)lines.number, (int)line.size, line.text);
            else
                hy_buf_printf(&out, "%d!", (int)lines.number);
        }
        if (count < bytes)
            break;
    }
    snprintf(text, sizeof text, "%s", hy_buf_text(&out));
    hy_lines_deinit(&lines);
    hy_buf_deinit(&out);
    return text;
}

static void check(const char *all, size_t max, const char *want)
{
    for (size_t bytes = 1; bytes < 40; bytes++)
        CHECK_TEXT(lines_of(all, bytes, max), want);
}

static void ends_of_all_kinds(void)
{
    check("", 10, "");
    check("a", 10, "1[a]");
    check("a\n", 10, "1[a]");
    check("a\r\n", 10, "1[a]");
    check("a\r", 10, "1[a]");
    check("a\nb\r\n\r\n\nc", 10, "1[a]2[b]3[]4[]5[c]");
    check("a\rb\n", 10, "1[a\rb]");
    check("\r\r\n", 10, "1[\r]");
}

static void a_byte_order_mark_is_dropped(void)
{
    check("\xef\xbb\xbf{}\r\n{}", 10, "1[{}]2[{}]");
    check("\xef\xbb\xbf", 10, "1[]");
    check("a\n\xef\xbb\xbf", 10, "1[a]2[\xef\xbb\xbf]");
    check("\xef\xbb\n", 10, "1[\xef\xbb]");
}

static void a_line_that_is_too_long(void)
{
    check("12345\n123456\n12345\r\n123456\r\n\xef\xbb\xbf"
          "12\n",
          5,
          "1[12345]2!3[12345]4!5[\xef\xbb\xbf"
          "12]");
    check("\xef\xbb\xbf"
          "12345\r\n1",
          5, "1[12345]2[1]");
    check("123456789012345678901234567890\na\n123456789012345678901234567890", 5, "1!2[a]3!");
}

int main(void)
{
    RUN(ends_of_all_kinds);
    RUN(a_byte_order_mark_is_dropped);
    RUN(a_line_that_is_too_long);
    return hy_tap_end();
}
