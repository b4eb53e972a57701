/* How numbers and times are said, and what is shown when nobody sits there. */
#include "tap.h"

#include "cli/bar.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void numbers(void)
{
    static const struct {
        int64_t number;
        const char *text;
    } rows[] = {{0, "0"},
                {7, "7"},
                {999, "999"},
                {1000, "1,000"},
                {123456, "123,456"},
                {-999, "-999"},
                {1234567, "1,234,567"},
                {-123456, "-123,456"}};
    char text[32];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_TEXT(hy_bar_number(rows[i].number, text), rows[i].text);
}

static void durations(void)
{
    char text[32];

    CHECK_TEXT(hy_bar_duration(0, text), "0 s");
    CHECK_TEXT(hy_bar_duration(99, text), "99 s");
    CHECK_TEXT(hy_bar_duration(100, text), "2 min");
    CHECK_TEXT(hy_bar_duration(3600, text), "60 min");
    CHECK_TEXT(hy_bar_duration(7500, text), "2 h 5 min");
}

/* What the calls below leave on standard error. */
static const char *shown(struct hy_bar *bar)
{
    static char text[1000];
    char path[] = "/tmp/hongyan-bar-XXXXXX";
    int file = mkstemp(path), was = dup(STDERR_FILENO);
    ssize_t size;

    CHECK(file >= 0 && was >= 0 && dup2(file, STDERR_FILENO) >= 0);
    hy_bar_show(bar, 0.1, "first", false);
    hy_bar_show(bar, 0.2, "too soon", false);
    hy_bar_show(bar, 2, "last", true);
    hy_bar_show(bar, -1, "nobody knows", true);
    hy_bar_end(bar);
    fflush(stderr);
    dup2(was, STDERR_FILENO);
    close(was);
    size = pread(file, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = 0;
    close(file);
    unlink(path);
    return text;
}

static void lines_where_there_is_no_terminal(void)
{
    struct hy_bar bar = {0};

    CHECK_TEXT(shown(&bar), "10 %  first\n100 %  last\nnobody knows\n");
}

static void a_bar_on_a_terminal(void)
{
    struct hy_bar bar = {.terminal = true};

    CHECK_TEXT(shown(&bar), "\r[##----------------------]  10 %  first\033[K"
                            "\r[########################] 100 %  last\033[K"
                            "\rnobody knows\033[K\n");
}

int main(void)
{
    RUN(numbers);
    RUN(durations);
    RUN(lines_where_there_is_no_terminal);
    RUN(a_bar_on_a_terminal);
    return hy_tap_end();
}
