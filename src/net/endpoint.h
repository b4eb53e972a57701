/*
 * endpoint.h - is a URL of somebody else's one that requests may be sent to? Read by the same parser
 * that will send them, so that both see the same host.
 */
#ifndef HY_NET_ENDPOINT_H
#define HY_NET_ENDPOINT_H

#include <stdbool.h>

enum { HY_ENDPOINT_HOST_BYTES = 256 };

enum hy_endpoint_fault {
    HY_ENDPOINT_OK,
    HY_ENDPOINT_MALFORMED,   /* no absolute http or https URL in ASCII */
    HY_ENDPOINT_CREDENTIALS, /* user:password@ */
    HY_ENDPOINT_FRAGMENT,    /* #... */
    HY_ENDPOINT_NOT_HTTPS,   /* with `public_only` */
    HY_ENDPOINT_NOT_PUBLIC,  /* likewise: an address, or a name, that cannot be public */
};

/*
 * What is wrong with `url` first. A public name may still lead to an address that is not: whoever
 * sends sets public_only (base/http.h). `ret_host` is set with HY_ENDPOINT_OK.
 */
enum hy_endpoint_fault hy_endpoint_check(const char *url, bool public_only,
                                         char ret_host[HY_ENDPOINT_HOST_BYTES]);

#endif
