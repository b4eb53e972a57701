/* How long a node may act by its own clock, and what it gives back of more than its share. */
#include "engine/cluster/lease.h"
#include "engine/cluster/share.h"
#include "tap.h"

enum { LENGTH = 6000 };

static void counts_from_the_asking(void)
{
    struct hy_lease lease;

    hy_lease_init(&lease, LENGTH);
    CHECK(!hy_lease_good(&lease, 0));
    hy_lease_renew(&lease, 1000); /* the answer came much later: no matter */
    CHECK(hy_lease_good(&lease, 1000 + LENGTH - 501));
    CHECK(!hy_lease_good(&lease, 1000 + LENGTH - 500)); /* the margin */
    CHECK_INT(lease.next_ms, 1000 + LENGTH / 3);
}

static void failures_let_it_end(void)
{
    struct hy_lease lease;

    hy_lease_init(&lease, LENGTH);
    hy_lease_renew(&lease, 1000);
    hy_lease_failed(&lease, 3000);
    CHECK_INT(lease.next_ms, 4000);
    hy_lease_hurry(&lease, 3100); /* not while they fail */
    CHECK_INT(lease.next_ms, 4000);
    CHECK(hy_lease_good(&lease, 6499));
    CHECK(!hy_lease_good(&lease, 6500));
    hy_lease_renew(&lease, 7000);
    CHECK(hy_lease_good(&lease, 7001));
}

static void is_hurried_and_lost(void)
{
    struct hy_lease lease;

    hy_lease_init(&lease, LENGTH);
    hy_lease_renew(&lease, 1000);
    hy_lease_hurry(&lease, 1500);
    CHECK_INT(lease.next_ms, 1500);
    hy_lease_renew(&lease, 1500);
    hy_lease_hurry(&lease, 9000); /* it is due already */
    CHECK_INT(lease.next_ms, 3500);
    hy_lease_lose(&lease, 2000);
    CHECK(!hy_lease_good(&lease, 2000));
    CHECK_INT(lease.next_ms, 2000);
}

static bool leaves(const struct hy_share *shares, size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (shares[i].id == id)
            return shares[i].leaving;
    }
    return false;
}

static void gives_what_is_drained_first(void)
{
    struct hy_share shares[] = {{.id = 1, .under_way = 3},
                                {.id = 2, .under_way = 0},
                                {.id = 3, .under_way = 9, .leaving = true},
                                {.id = 4, .under_way = 0}};

    hy_share_choose(shares, 4, 2);
    CHECK(leaves(shares, 4, 3)); /* it was being drained */
    CHECK(leaves(shares, 4, 4) && !leaves(shares, 4, 2) && !leaves(shares, 4, 1));
    hy_share_choose(shares, 4, 3);
    CHECK(leaves(shares, 4, 2));
    hy_share_choose(shares, 4, 0); /* somebody else has gone: they stay */
    for (int64_t id = 1; id <= 4; id++)
        CHECK(!leaves(shares, 4, id));
    hy_share_choose(shares, 4, 9);
    CHECK(leaves(shares, 4, 1));
    hy_share_choose(shares, 0, 1);
}

int main(void)
{
    RUN(counts_from_the_asking);
    RUN(failures_let_it_end);
    RUN(is_hurried_and_lost);
    RUN(gives_what_is_drained_first);
    return hy_tap_end();
}
