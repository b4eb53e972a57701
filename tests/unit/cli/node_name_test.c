#include "tap.h"

#include "cli/node_name.h"

/* No two processes of one machine may have the same. */
static const char *name(const char *machine, const char *listen)
{
    static char into[HY_NODE_NAME_BYTES];

    hy_node_name(machine, listen, 4711, into);
    return into;
}

static void is_machine_and_port(void)
{
    CHECK_TEXT(name("web1", "0.0.0.0:8080"), "web1:8080");
    CHECK_TEXT(name("web1", "[::]:8080"), "web1:8080");
    CHECK_TEXT(name("web1", "127.0.0.1:8080"), "web1:8080");
}

static void has_the_address_where_others_may_have_the_port(void)
{
    CHECK_TEXT(name("web1", "10.0.0.5:8080"), "web1/10.0.0.5:8080");
    CHECK_TEXT(name("web1", "[::1]:8080"), "web1/[::1]:8080");
    CHECK_TEXT(name("web1", "127.0.0.11:8080"), "web1/127.0.0.11:8080");
}

static void is_the_process_where_the_port_is_not_known(void)
{
    CHECK_TEXT(name("web1", "127.0.0.1:0"), "web1#4711");
    CHECK_TEXT(name("web1", "0.0.0.0:00000"), "web1#4711");
    CHECK_TEXT(name("web1", "nonsense"), "web1#4711");
}

static void is_the_process_where_the_address_is_too_long(void)
{
    CHECK_TEXT(
        name("web1", "a-name-for-which-there-is-too-little-room-in-a-node-s-name.example:80"),
        "web1#4711");
}

static void keeps_what_tells_it_apart(void)
{
    char machine[200] = {0};
    const char *got;

    memset(machine, 'm', sizeof machine - 1);
    got = name(machine, "192.168.100.100:65535");
    CHECK_INT(strlen(got), HY_NODE_NAME_BYTES - 1);
    CHECK_TEXT(strchr(got, '/'), "/192.168.100.100:65535");
}

int main(void)
{
    RUN(is_machine_and_port);
    RUN(has_the_address_where_others_may_have_the_port);
    RUN(is_the_process_where_the_port_is_not_known);
    RUN(is_the_process_where_the_address_is_too_long);
    RUN(keeps_what_tells_it_apart);
    return hy_tap_end();
}
