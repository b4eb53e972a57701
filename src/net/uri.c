#include "net/uri.h"

#include <string.h>
#include <strings.h>

/* The next continuation byte must lie within low..high (RFC 3629, table 3-7 of Unicode). */
struct utf8 {
    unsigned need;
    unsigned char low, high;
};

static bool feed_lead(struct utf8 *state, unsigned char c)
{
    state->low = 0x80;
    state->high = 0xbf;
    if (c < 0x80)
        return c != 0;
    if (c < 0xc2 || c > 0xf4)
        return false;
    state->need = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    if (c == 0xe0)
        state->low = 0xa0;
    else if (c == 0xed)
        state->high = 0x9f;
    else if (c == 0xf0)
        state->low = 0x90;
    else if (c == 0xf4)
        state->high = 0x8f;
    return true;
}

static bool feed(struct utf8 *state, unsigned char c)
{
    if (!state->need)
        return feed_lead(state, c);
    if (c < state->low || c > state->high)
        return false;
    state->low = 0x80;
    state->high = 0xbf;
    state->need--;
    return true;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hy_uri_is_clean(const char *uri)
{
    struct utf8 state = {0};

    for (; *uri; uri++) {
        int high = -1, low = -1;

        if (*uri == '%' && (high = hex(uri[1])) >= 0)
            low = hex(uri[2]);
        if (!feed(&state, low >= 0 ? (unsigned char)(high << 4 | low) : (unsigned char)*uri))
            return false;
        if (low >= 0)
            uri += 2;
    }
    return !state.need;
}

const char *hy_uri_path(const char *target)
{
    const char *path;

    if (*target == '/' || strncasecmp(target, "http", 4) != 0)
        return target;
    path = target + 4 + (target[4] == 's' || target[4] == 'S');
    if (strncmp(path, "://", 3) != 0)
        return target;
    path = strchr(path + 3, '/');
    return path ? path : "/";
}
