#include "base/http.h"

#include <stdio.h>
#include <string.h>

/* Length of "name=" when the query parameter at `at` is one of the secret ones, else 0. */
static size_t secret_prefix(const char *at, const char *const *secret_params)
{
    for (; secret_params && *secret_params; secret_params++) {
        size_t length = strlen(*secret_params);

        if (strncmp(at, *secret_params, length) == 0 && at[length] == '=')
            return length + 1;
    }
    return 0;
}

const char *hy_http_mask_url(char *into, size_t size, const char *url,
                             const char *const *secret_params)
{
    size_t used = 0;

    while (*url && used + 1 < size) {
        bool starts_param = used > 0 && (url[-1] == '?' || url[-1] == '&');
        size_t prefix = starts_param ? secret_prefix(url, secret_params) : 0;

        if (prefix) {
            int wrote = snprintf(into + used, size - used, "%.*s***", (int)prefix, url);

            used += (size_t)wrote < size - used ? (size_t)wrote : size - used - 1;
            url += strcspn(url, "&#");
        } else {
            into[used++] = *url++;
        }
    }
    into[used] = 0;
    return into;
}
