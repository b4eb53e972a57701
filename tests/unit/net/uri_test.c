#include "tap.h"

#include "base/err.h"
#include "net/listen.h"
#include "net/uri.h"

#include <errno.h>
#include <unistd.h>

static void clean_targets(void)
{
    static const char *const targets[] = {
        "/",        "",
        "/a?b=c&d", "/%e9%b8%bf%E9%9B%81",
        "/鸿雁",    "/%",
        "/%4",      "/%zz%0g",
        "/%0a%7f",  "/%f4%8f%bf%bf%ed%9f%bf%ee%80%80%e0%a0%80%f0%90%80%80"};

    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        CHECK(hy_uri_is_clean(targets[i]));
}

static void unclean_targets(void)
{
    static const char *const targets[] = {
        "/%00",          "/a%00b?c",  "/a?b=%00",   "/%ff",          "/%c3",    "/%c3/",
        "/%c0%af",       "/%80",      "/%e0%80%af", "/%ed%a0%80",    "/\xff",   "/%f4%90%80%80",
        "/%f5%80%80%80", "/\xe9\xb8", "/%e9\xb8/",  "/%f0%80%80%80", "/%c1%81", "/%e9%b8%bf%bf"};

    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        CHECK(!hy_uri_is_clean(targets[i]));
}

static void absolute_targets_lose_their_host(void)
{
    CHECK_TEXT(hy_uri_path("/a/b"), "/a/b");
    CHECK_TEXT(hy_uri_path("http://host:80/a/b"), "/a/b");
    CHECK_TEXT(hy_uri_path("HTTPS://host/a"), "/a");
    CHECK_TEXT(hy_uri_path("http://host"), "/");
    CHECK_TEXT(hy_uri_path("*"), "*");
    CHECK_TEXT(hy_uri_path("host:443"), "host:443");
    CHECK_TEXT(hy_uri_path("httpx"), "httpx");
    CHECK_TEXT(hy_uri_path(""), "");
}

static void listens_and_names_the_real_port(void)
{
    static const char *const texts[] = {"127.0.0.1:0", "[::1]:0", "localhost:0"};
    char address[HY_LISTEN_TEXT_BYTES];
    int fd;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int err = hy_listen_open(texts[i], &fd);

        if (err == HY_E_IO && texts[i][0] == '[' && errno == EADDRNOTAVAIL)
            continue; /* a machine without IPv6 */
        CHECK_INT(err, 0);
        CHECK_INT(hy_listen_address(fd, address), 0);
        CHECK(strcmp(strrchr(address, ':'), ":0") != 0);
        CHECK_INT(address[0] == '[', texts[i][0] == '[' || strstr(address, "::1") != NULL);
        close(fd);
    }
}

static void refuses_what_is_not_host_and_port(void)
{
    static const char *const texts[] = {"",
                                        "8080",
                                        ":8080",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        "127.0.0.1:http",
                                        "127.0.0.1:65536",
                                        "127.0.0.1:-1",
                                        "127.0.0.1: 80",
                                        "127.0.0.1:000080",
                                        "::1:8080",
                                        "[]:8080",
                                        "[::1]",
                                        "http://127.0.0.1:80",
                                        "no.such.host.invalid:80"};
    int fd;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK_INT(hy_listen_open(texts[i], &fd), HY_E_INVALID);
    CHECK_INT(hy_listen_open("192.0.2.1:0", &fd), HY_E_IO);
}

static void says_when_the_address_is_taken(void)
{
    char address[HY_LISTEN_TEXT_BYTES];
    int first, second;

    CHECK_INT(hy_listen_open("127.0.0.1:0", &first), 0);
    CHECK_INT(hy_listen_address(first, address), 0);
    CHECK_INT(hy_listen_open(address, &second), HY_E_BUSY);
    close(first);
    CHECK_INT(hy_listen_open(address, &second), 0);
    close(second);
}

int main(void)
{
    RUN(clean_targets);
    RUN(unclean_targets);
    RUN(absolute_targets_lose_their_host);
    RUN(listens_and_names_the_real_port);
    RUN(refuses_what_is_not_host_and_port);
    RUN(says_when_the_address_is_taken);
    return hy_tap_end();
}
