#include "net/public_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { ADDRESS_TEXT_BYTES = 64, V4_BYTES = 4, V6_BYTES = 16 };

struct range {
    uint8_t bytes[V6_BYTES];
    unsigned bits;
    bool is_public;
    unsigned v4_at; /* the address inside that decides, 0 = none */
};

/* The first row that fits decides. */
static const struct range v4_ranges[] = {
    {{0}, 8, false, 0},             /* this network */
    {{10}, 8, false, 0},            /* private */
    {{100, 64}, 10, false, 0},      /* shared, carrier-grade NAT */
    {{127}, 8, false, 0},           /* loopback */
    {{169, 254}, 16, false, 0},     /* link-local; clouds tell secrets there */
    {{172, 16}, 12, false, 0},      /* private */
    {{192, 0, 0}, 24, false, 0},    /* protocol assignments */
    {{192, 0, 2}, 24, false, 0},    /* documentation */
    {{192, 88, 99}, 24, false, 0},  /* relays of 6to4, given up */
    {{192, 168}, 16, false, 0},     /* private */
    {{198, 18}, 15, false, 0},      /* benchmarking */
    {{198, 51, 100}, 24, false, 0}, /* documentation */
    {{203, 0, 113}, 24, false, 0},  /* documentation */
    {{224}, 4, false, 0},           /* multicast */
    {{240}, 4, false, 0},           /* reserved, broadcast */
    {{0}, 0, true, 0},
};

static const struct range v6_ranges[] = {
    {{[10] = 0xff, 0xff}, 96, false, 12},      /* IPv4-mapped */
    {{0x00, 0x64, 0xff, 0x9b}, 96, false, 12}, /* NAT64 */
    {{0x20, 0x02}, 16, false, 2},              /* 6to4 */
    {{0x20, 0x01}, 23, false, 0},              /* Teredo, ORCHID, benchmarking */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, false, 0},  /* documentation */
    {{0x3f, 0xff}, 20, false, 0},              /* documentation */
    {{0x20}, 3, true, 0},                      /* all that is given out to networks */
    {{0}, 0, false, 0}, /* ::, ::1, fc00::/7, fe80::/10, ff00::/8 and the rest */
};

static bool within(const uint8_t *address, const struct range *range)
{
    unsigned whole = range->bits / 8, rest = range->bits % 8;
    uint8_t mask = (uint8_t)(0xff00u >> rest);

    return memcmp(address, range->bytes, whole) == 0 &&
           (rest == 0 || (address[whole] & mask) == (range->bytes[whole] & mask));
}

static const struct range *first_that_fits(const uint8_t *address, const struct range *range)
{
    while (!within(address, range))
        range++;
    return range;
}

bool hy_address_is_public_v4(const uint8_t address[V4_BYTES])
{
    return first_that_fits(address, v4_ranges)->is_public;
}

bool hy_address_is_public_v6(const uint8_t address[V6_BYTES])
{
    const struct range *range = first_that_fits(address, v6_ranges);

    return range->v4_at ? hy_address_is_public_v4(address + range->v4_at) : range->is_public;
}

bool hy_address_is_public(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        return hy_address_is_public_v4((const uint8_t *)&v4.sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        return hy_address_is_public_v6(v6.sin6_addr.s6_addr);
    }
    return false;
}

/* --- as text ---------------------------------------------------------------------------------- */

/* AF_INET, AF_INET6, or 0. */
static int parse(const char *text, uint8_t ret_bytes[V6_BYTES])
{
    char plain[ADDRESS_TEXT_BYTES];
    size_t size = strcspn(text, "%");

    if (inet_pton(AF_INET, text, ret_bytes) == 1)
        return AF_INET;
    if (size >= sizeof plain)
        return 0;
    memcpy(plain, text, size);
    plain[size] = 0;
    return inet_pton(AF_INET6, plain, ret_bytes) == 1 ? AF_INET6 : 0;
}

bool hy_address_text_is_public(const char *text)
{
    uint8_t bytes[V6_BYTES];
    int family = parse(text, bytes);

    return family == AF_INET    ? hy_address_is_public_v4(bytes)
           : family == AF_INET6 ? hy_address_is_public_v6(bytes)
                                : false;
}

bool hy_address_text_is_address(const char *text)
{
    uint8_t bytes[V6_BYTES];

    return parse(text, bytes) != 0;
}
