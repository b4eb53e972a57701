#include "tap.h"

#include "api/limits.h"

static struct hy_limits *limits;
static const int64_t now_ms = 1772323200000;

static int64_t take(const char *who, int64_t per_min, int64_t at_ms)
{
    return hy_limits_take(limits, 'a', who, strlen(who), per_min, at_ms);
}

static void set_up(void)
{
    limits = hy_limits_new();
    CHECK(limits);
}

static void a_minutes_worth_at_once_and_then_evenly(void)
{
    static const int64_t rates[] = {1, 7, 30, 60, 600, 1000000};

    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        int64_t wait_s, taken = 0;

        set_up();
        while ((wait_s = take("somebody", rates[i], now_ms)) == 0)
            taken++;
        CHECK_INT(taken, rates[i]);
        CHECK(wait_s >= 1 && wait_s <= 60);
        if (wait_s > 1) /* a second earlier there was none */
            CHECK(take("somebody", rates[i], now_ms + (wait_s - 1) * 1000) > 0);
        CHECK_INT(take("somebody", rates[i], now_ms + wait_s * 1000), 0);
        for (taken = 0; take("somebody", rates[i], now_ms + 120000) == 0;)
            taken++;
        CHECK_INT(taken, rates[i]);
        hy_limits_free(limits);
    }
}

static void each_has_its_own(void)
{
    set_up();
    CHECK_INT(take("one", 1, now_ms), 0);
    CHECK(take("one", 1, now_ms) > 0);
    CHECK_INT(take("two", 1, now_ms), 0);
    CHECK_INT(hy_limits_take(limits, 'u', "one", 3, 1, now_ms), 0);
    hy_limits_free(limits);
}

static void what_is_given_back_can_be_taken_again(void)
{
    set_up();
    for (int i = 0; i < 100; i++) {
        CHECK_INT(take("one", 2, now_ms), 0);
        hy_limits_give_back(limits, 'a', "one", 3, 2, now_ms);
    }
    CHECK_INT(take("one", 2, now_ms), 0);
    CHECK_INT(take("one", 2, now_ms), 0);
    CHECK(take("one", 2, now_ms) > 0);
    hy_limits_free(limits);
}

static void a_clock_that_goes_back_gives_nothing(void)
{
    set_up();
    CHECK_INT(take("one", 1, now_ms), 0);
    CHECK(take("one", 1, now_ms - 3600000) > 0);
    CHECK(take("one", 1, now_ms - 3600000 + 59000) > 0);
    CHECK_INT(take("one", 1, now_ms - 3600000 + 60000), 0);
    hy_limits_free(limits);
}

/* A million strangers push out those who came once, and not the one who comes too often. */
static void the_table_forgets_the_harmless_first(void)
{
    char who[32];

    set_up();
    while (take("a flood", 600, now_ms) == 0)
        continue;
    for (int i = 0; i < 1000000; i++) {
        snprintf(who, sizeof who, "stranger %d", i);
        CHECK_INT(take(who, 600, now_ms), 0);
    }
    CHECK(take("a flood", 600, now_ms) > 0);
    hy_limits_free(limits);
}

static const struct {
    const char *text, *same; /* null: no address */
} addresses[] = {
    {"192.0.2.1", "192.0.2.1"},
    {" 192.0.2.1 ", "192.0.2.1"},
    {"192.0.2.1:8080", "192.0.2.1"},
    {"::ffff:192.0.2.1", "192.0.2.1"},
    {"[::ffff:192.0.2.1]:80", "192.0.2.1"},
    {"2001:db8::1", "2001:db8:0:0:0:0:0:1"},
    {"[2001:db8::1]", "2001:db8::1"},
    {"[2001:db8::1]:443", "2001:db8::1"},
    {"", NULL},
    {"unknown", NULL},
    {"192.0.2.256", NULL},
    {"192.0.2.1, 192.0.2.2", NULL},
    {"_hidden", NULL},
    {"1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222:3333:4444:5555:6666:7777", NULL},
};

static void addresses_are_read_in_every_spelling(void)
{
    uint8_t a[HY_ADDRESS_BYTES], b[HY_ADDRESS_BYTES];

    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        bool ok = hy_address_parse(addresses[i].text, a);

        if (ok != (addresses[i].same != NULL))
            hy_tap_fail(__FILE__, __LINE__, "%s: %d", addresses[i].text, ok);
        if (ok) {
            CHECK(hy_address_parse(addresses[i].same, b));
            CHECK_INT(memcmp(a, b, sizeof a), 0);
        }
    }
}

static void a_subscriber_has_64_bits_of_ipv6(void)
{
    uint8_t a[HY_ADDRESS_BYTES], b[HY_ADDRESS_BYTES];

    CHECK(hy_address_parse("2001:db8:1:2:3:4:5:6", a));
    CHECK(hy_address_parse("2001:db8:1:2::9", b));
    hy_address_cut(a);
    hy_address_cut(b);
    CHECK_INT(memcmp(a, b, sizeof a), 0);
    CHECK(hy_address_parse("192.0.2.1", a));
    CHECK(hy_address_parse("192.0.2.2", b));
    hy_address_cut(a);
    hy_address_cut(b);
    CHECK(memcmp(a, b, sizeof a) != 0);
}

int main(void)
{
    RUN(a_minutes_worth_at_once_and_then_evenly);
    RUN(each_has_its_own);
    RUN(what_is_given_back_can_be_taken_again);
    RUN(a_clock_that_goes_back_gives_nothing);
    RUN(the_table_forgets_the_harmless_first);
    RUN(addresses_are_read_in_every_spelling);
    RUN(a_subscriber_has_64_bits_of_ipv6);
    return hy_tap_end();
}
