/* A URL of anybody's choice: what is let through names a host that may be public. */
#include "net/endpoint.h"
#include "net/public_address.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char host[HY_ENDPOINT_HOST_BYTES], again[HY_ENDPOINT_HOST_BYTES];

    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = 0;
    memset(host, 0x5a, sizeof host);
    if (hy_endpoint_check(text, true, host) == HY_ENDPOINT_OK) {
        require(memchr(host, 0, sizeof host) != NULL && *host);
        require(!hy_address_text_is_address(host) || hy_address_text_is_public(host));
        require(hy_endpoint_check(text, false, again) == HY_ENDPOINT_OK);
        require(strcmp(host, again) == 0);
    }
    hy_address_text_is_public(text);
    free(text);
    return 0;
}
