#include "tap.h"

#include "engine/hush.h"

static struct hy_hush hush;
static int64_t unsaid;

static bool says(int64_t app_no, int64_t now_ms)
{
    return hy_hush_may_say(&hush, app_no, now_ms, &unsaid);
}

static void a_line_a_minute_for_an_app(void)
{
    const int64_t now_ms = 1772323200000;

    hy_hush_init(&hush);
    CHECK(says(1, now_ms));
    CHECK_INT(unsaid, 0);
    for (int i = 1; i < 1000; i++)
        CHECK(!says(1, now_ms + i));
    CHECK(says(2, now_ms)); /* another app has its own */
    CHECK(!says(1, now_ms + 59999));
    CHECK(says(1, now_ms + 60000));
    CHECK_INT(unsaid, 1000);
    CHECK(!says(1, now_ms + 60001));
    CHECK(says(1, now_ms - 1)); /* the clock went back */
    CHECK_INT(unsaid, 1);
    hy_hush_deinit(&hush);
}

int main(void)
{
    RUN(a_line_a_minute_for_an_app);
    return hy_tap_end();
}
