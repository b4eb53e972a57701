#include "tap.h"

#include "net/endpoint.h"
#include "net/public_address.h"

#include <netinet/in.h>

static const char *const inner[] = {
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.169.254",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.255",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::8.8.8.8",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:20::1",
    "2001:1ff::1",
    "2001:db8::1",
    "2002:a00:1::1",
    "2002:7f00:1::",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fdff::1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "1fff::1",
    NULL,
};

static const char *const outer[] = {
    "1.1.1.1",         "8.8.8.8",          "9.255.255.255",
    "11.0.0.0",        "100.63.255.255",   "100.128.0.0",
    "126.255.255.255", "128.0.0.0",        "169.253.255.255",
    "169.255.0.0",     "172.15.255.255",   "172.32.0.0",
    "192.0.1.0",       "192.0.3.0",        "192.88.98.255",
    "192.167.255.255", "192.169.0.0",      "198.17.255.255",
    "198.20.0.0",      "198.51.99.255",    "203.0.114.0",
    "223.255.255.255", "2000::1",          "2001:200::1",
    "2001:db7::1",     "2001:db9::1",      "2002:808:808::",
    "2400:3200::1",    "3ffe::1",          "3fff:1000::1",
    "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8", NULL,
};

static void knows_both_sides_of_every_border(void)
{
    for (size_t i = 0; inner[i]; i++) {
        if (!hy_address_text_is_address(inner[i]) || hy_address_text_is_public(inner[i]))
            hy_tap_fail(__FILE__, __LINE__, "%s is not public", inner[i]);
    }
    for (size_t i = 0; outer[i]; i++) {
        if (!hy_address_text_is_public(outer[i]))
            hy_tap_fail(__FILE__, __LINE__, "%s is public", outer[i]);
    }
}

static void what_is_no_address_is_not_public(void)
{
    static const char *const none[] = {
        "", "localhost", "8.8.8", "8.8.8.8%eth0", "08.8.8.8", "1:2:3", "[::1]", "8.8.8.8:80", NULL};

    for (size_t i = 0; none[i]; i++) {
        if (hy_address_text_is_address(none[i]) || hy_address_text_is_public(none[i]))
            hy_tap_fail(__FILE__, __LINE__, "%s is no address", none[i]);
    }
}

static void looks_into_sockets_addresses(void)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x08080808)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr other = {.sa_family = AF_UNIX};

    CHECK(hy_address_is_public((struct sockaddr *)&v4));
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(!hy_address_is_public((struct sockaddr *)&v4));
    CHECK(!hy_address_is_public((struct sockaddr *)&v6));
    v6.sin6_addr.s6_addr[0] = 0x24;
    CHECK(hy_address_is_public((struct sockaddr *)&v6));
    CHECK(!hy_address_is_public(&other));
}

/* --- URLs ------------------------------------------------------------------------------------- */

static void expect(const char *url, bool public_only, enum hy_endpoint_fault fault)
{
    char host[HY_ENDPOINT_HOST_BYTES] = "untouched";

    if (hy_endpoint_check(url, public_only, host) != fault)
        hy_tap_fail(__FILE__, __LINE__, "%s: not fault %d", url, (int)fault);
    CHECK(fault == HY_ENDPOINT_OK || strcmp(host, "untouched") == 0);
}

static void urls_of_public_names(void)
{
    char host[HY_ENDPOINT_HOST_BYTES];

    CHECK_INT(hy_endpoint_check("https://Hooks.Example.com:8443/a?b=c", true, host), 0);
    CHECK(strcasecmp(host, "hooks.example.com") == 0);
    CHECK_INT(hy_endpoint_check("https://[2400:3200::1]/", true, host), 0);
    CHECK_TEXT(host, "2400:3200::1");
    CHECK_INT(hy_endpoint_check("https://example.com./", true, host), 0);
    CHECK_TEXT(host, "example.com");
    expect("https://8.8.8.8/", true, HY_ENDPOINT_OK);
    expect("http://127.0.0.1:9/", false, HY_ENDPOINT_OK);
    expect("http://backend/", false, HY_ENDPOINT_OK);
}

static void urls_that_cannot_be_public(void)
{
    static const char *const bad[] = {"https://localhost/",
                                      "https://LOCALHOST./",
                                      "https://a.localhost/",
                                      "https://backend/",
                                      "https://db.internal/",
                                      "https://printer.local:8443/x",
                                      "https://127.0.0.1/",
                                      "https://127.1/",
                                      "https://0x7f.0.0.1/",
                                      "https://2130706433/",
                                      "https://017700000001/",
                                      "https://10.1.2.3/",
                                      "https://169.254.169.254/latest/meta-data",
                                      "https://[::1]/",
                                      "https://[::ffff:127.0.0.1]/",
                                      "https://[fe80::1%25eth0]/",
                                      NULL};

    for (size_t i = 0; bad[i]; i++) {
        expect(bad[i], true, HY_ENDPOINT_NOT_PUBLIC);
        expect(bad[i], false, HY_ENDPOINT_OK);
    }
    expect("http://example.com/", true, HY_ENDPOINT_NOT_HTTPS);
}

static void urls_that_are_none(void)
{
    static const char *const bad[] = {"",
                                      "example.com",
                                      "/path",
                                      "https://",
                                      "https:///path",
                                      "https:/example.com/",
                                      "https://example.com\\@10.0.0.1/",
                                      "ftp://example.com/",
                                      "file:///etc/passwd",
                                      "gopher://example.com/",
                                      "https://exa mple.com/",
                                      "https://example.com/a b",
                                      "https://example.com/\xc3\xa9",
                                      "https://example.com:99999/",
                                      "https://example.com\r\nX: y/",
                                      NULL};

    for (size_t i = 0; bad[i]; i++)
        expect(bad[i], false, HY_ENDPOINT_MALFORMED);
    expect("https://user@example.com/", true, HY_ENDPOINT_CREDENTIALS);
    expect("https://user:pass@example.com/", false, HY_ENDPOINT_CREDENTIALS);
    expect("https://example.com/#x", true, HY_ENDPOINT_FRAGMENT);
}

int main(void)
{
    RUN(knows_both_sides_of_every_border);
    RUN(what_is_no_address_is_not_public);
    RUN(looks_into_sockets_addresses);
    RUN(urls_of_public_names);
    RUN(urls_that_cannot_be_public);
    RUN(urls_that_are_none);
    return hy_tap_end();
}
