/* A method and a path of anybody's choice against a table with every kind of segment. */
#include "net/router.h"
#include "net/uri.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hy_route routes[] = {{"GET", "/v1/apps", NULL, NULL},
                                         {"POST", "/v1/apps", NULL, NULL},
                                         {"GET", "/v1/apps/{id}/users/{user}", NULL, NULL},
                                         {"DELETE", "/{a}/{b}/{c}/{d}", NULL, NULL},
                                         {"PUT", "/{a}/{b}/{c}/{d}/{e}", NULL, NULL},
                                         {"GET", "/files/{rest...}", NULL, NULL},
                                         {"GET", "/", NULL, NULL},
                                         {0}};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check(const char *method, const char *path)
{
    struct hy_route_match match;
    bool found;

    memset(&match, 0x5a, sizeof match);
    found = hy_route_find(routes, method, path, &match);
    require(found == (match.route != NULL));
    require(!found || !*match.allow);
    require(memchr(match.allow, 0, sizeof match.allow) != NULL);
    for (size_t i = 0; i < HY_ROUTE_PARAMS_MAX; i++) {
        require(memchr(match.params[i], 0, HY_ROUTE_PARAM_BYTES) != NULL);
        require(strstr(path, match.params[i]) != NULL);
    }
}

/* Input: method, a zero byte, path. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 2);
    char *path;

    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = text[size + 1] = 0;
    path = text + strlen(text) + 1;
    if (path > text + size)
        path = text + size;
    check(text, path);
    check("GET", path);
    check("HEAD", hy_uri_path(path));
    hy_uri_is_clean(path);
    free(text);
    return 0;
}
