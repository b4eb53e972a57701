#include "tap.h"

#include "base/buf.h"

#include <stdlib.h>

static void grows_and_stays_text(void)
{
    struct hy_buf b;

    hy_buf_init(&b, 100000);
    CHECK_TEXT(hy_buf_text(&b), "");
    for (int i = 0; i < 1000; i++)
        hy_buf_printf(&b, "%d,", i);
    CHECK(hy_buf_ok(&b));
    CHECK_INT(strlen(hy_buf_text(&b)), b.size);
    hy_buf_deinit(&b);
}

static void stops_at_its_maximum(void)
{
    struct hy_buf b;

    hy_buf_init(&b, 10);
    hy_buf_puts(&b, "0123456789");
    CHECK(hy_buf_ok(&b));
    hy_buf_putc(&b, 'x');
    CHECK(!hy_buf_ok(&b));
    CHECK_TEXT(hy_buf_text(&b), "0123456789");
    hy_buf_clear(&b);
    hy_buf_puts(&b, "again");
    CHECK(hy_buf_ok(&b));
    CHECK_TEXT(hy_buf_text(&b), "again");
    hy_buf_deinit(&b);
}

static void encodes_for_urls(void)
{
    struct hy_buf b;

    hy_buf_init(&b, 1000);
    hy_buf_put_urlencoded(&b, "aZ09-._~ /?&=\xe9\xb8\xbf");
    CHECK_TEXT(hy_buf_text(&b), "aZ09-._~%20%2F%3F%26%3D%E9%B8%BF");
    hy_buf_deinit(&b);
}

static void hands_its_memory_over(void)
{
    struct hy_buf b;
    size_t size;
    char *data;

    hy_buf_init(&b, 100);
    hy_buf_puts(&b, "letter");
    data = hy_buf_take(&b, &size);
    CHECK_INT(size, 6);
    CHECK_TEXT(data, "letter");
    CHECK_TEXT(hy_buf_text(&b), "");
    free(data);
}

int main(void)
{
    RUN(grows_and_stays_text);
    RUN(stops_at_its_maximum);
    RUN(encodes_for_urls);
    RUN(hands_its_memory_over);
    return hy_tap_end();
}
