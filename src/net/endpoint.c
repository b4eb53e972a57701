#include "net/endpoint.h"

#include "net/public_address.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Parsers of others may read these in another way: libcurl takes three slashes for two. */
static bool is_odd(const char *url)
{
    const char *rest = strstr(url, "://");

    if (!rest || rest[3] == '/')
        return true;
    for (; *url; url++)
        if (*url <= ' ' || *url > '~' || *url == '\\')
            return true;
    return false;
}

static bool has_part(CURLU *parsed, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(parsed, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return there;
}

static bool ends_in(const char *name, const char *end)
{
    size_t size = strlen(name), end_size = strlen(end);

    return size >= end_size && strcasecmp(name + size - end_size, end) == 0;
}

/* Names that only mean something inside of a network. The dot at the end of an absolute name is off. */
static bool name_is_public(const char *name)
{
    static const char *const inner[] = {".localhost", ".local",       ".internal", ".lan",
                                        ".home.arpa", ".localdomain", NULL};

    if (!strchr(name, '.'))
        return false;
    for (size_t i = 0; inner[i]; i++)
        if (ends_in(name, inner[i]))
            return false;
    return true;
}

/* libcurl made plain addresses of the odd ways to write one (0x7f.1, 2130706433). */
static bool host_is_public(const char *host)
{
    return hy_address_text_is_address(host) ? hy_address_text_is_public(host)
                                            : name_is_public(host);
}

/* Without the brackets of an IPv6 address and the dot of an absolute name. False: too long, none. */
static bool copy_host(CURLU *parsed, char into[HY_ENDPOINT_HOST_BYTES])
{
    char *host = NULL;
    size_t size;
    bool fits;

    if (curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return false;
    size = strlen(host);
    fits = size > 0 && size < HY_ENDPOINT_HOST_BYTES;
    if (fits && host[0] == '[' && host[size - 1] == ']')
        snprintf(into, HY_ENDPOINT_HOST_BYTES, "%.*s", (int)size - 2, host + 1);
    else if (fits)
        snprintf(into, HY_ENDPOINT_HOST_BYTES, "%.*s", (int)(size - (host[size - 1] == '.')), host);
    curl_free(host);
    return fits && *into;
}

static enum hy_endpoint_fault check(CURLU *parsed, const char *url, bool public_only,
                                    char host[HY_ENDPOINT_HOST_BYTES])
{
    char *scheme = NULL;
    bool secure, plain;

    if (is_odd(url) || curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK ||
        !copy_host(parsed, host) || curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return HY_ENDPOINT_MALFORMED;
    secure = strcasecmp(scheme, "https") == 0;
    plain = strcasecmp(scheme, "http") == 0;
    curl_free(scheme);
    if (!secure && !plain)
        return HY_ENDPOINT_MALFORMED;
    if (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD))
        return HY_ENDPOINT_CREDENTIALS;
    if (has_part(parsed, CURLUPART_FRAGMENT))
        return HY_ENDPOINT_FRAGMENT;
    if (!public_only)
        return HY_ENDPOINT_OK;
    if (!secure)
        return HY_ENDPOINT_NOT_HTTPS;
    return host_is_public(host) ? HY_ENDPOINT_OK : HY_ENDPOINT_NOT_PUBLIC;
}

enum hy_endpoint_fault hy_endpoint_check(const char *url, bool public_only,
                                         char ret_host[HY_ENDPOINT_HOST_BYTES])
{
    CURLU *parsed = curl_url();
    char host[HY_ENDPOINT_HOST_BYTES];
    enum hy_endpoint_fault fault =
        parsed ? check(parsed, url, public_only, host) : HY_ENDPOINT_MALFORMED;

    curl_url_cleanup(parsed);
    if (fault == HY_ENDPOINT_OK)
        memcpy(ret_host, host, sizeof host);
    return fault;
}
