#include "tap.h"

#include "cli/descriptors.h"

#include <sys/resource.h>

static void what_fits_is_taken(void)
{
    CHECK_INT(hy_descriptors_share(20000, 8192, 2048), 2048);
    CHECK_INT(hy_descriptors_share(10432, 8192, 2048), 2048);
    CHECK_INT(hy_descriptors_share(4200, 8192, 2048), 2048);
    CHECK_INT(hy_descriptors_share(1024, 8192, 2048), 480);
    CHECK_INT(hy_descriptors_share(1024, 8192, 300), 300);
    CHECK_INT(hy_descriptors_share(1024, 100, 800), 800);
    CHECK_INT(hy_descriptors_share(64, 8192, 2048), 1);
    CHECK_INT(hy_descriptors_share(10, 8192, 1), 1);
}

static void expect_soft(rlim_t soft)
{
    struct rlimit now;

    CHECK_INT(getrlimit(RLIMIT_NOFILE, &now), 0);
    CHECK_INT(now.rlim_cur, soft);
}

/* Only lowers the hard limit, so it needs no rights. */
static void the_soft_limit_goes_up_to_the_hard_one(void)
{
    struct rlimit limit = {.rlim_cur = 100, .rlim_max = 400};

    CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_INT(hy_descriptors_raise(10, 10), 100);
    expect_soft(100);
    CHECK_INT(hy_descriptors_raise(100, 64), 232);
    expect_soft(232);
    CHECK_INT(hy_descriptors_raise(8192, 2048), 400);
    expect_soft(400);
}

int main(void)
{
    RUN(what_fits_is_taken);
    RUN(the_soft_limit_goes_up_to_the_hard_one);
    return hy_tap_end();
}
