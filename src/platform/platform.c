#include "platform/platform.h"

#include "platform/wechat_mini.h"

#include <string.h>

const struct hy_platform *const hy_platforms[] = {&hy_platform_wechat_mini, NULL};

const struct hy_platform *hy_platform_find(const char *name)
{
    for (size_t i = 0; hy_platforms[i]; i++) {
        if (strcmp(hy_platforms[i]->name, name) == 0)
            return hy_platforms[i];
    }
    return NULL;
}

/* A straight walk: it happens for refusals only, over a hundred rows. */
const struct hy_code *hy_platform_code(const struct hy_platform *platform, const char *api,
                                       const char *code)
{
    for (const struct hy_code *row = platform->codes; row->api; row++) {
        if (strcmp(row->code, code) == 0 && strcmp(row->api, api) == 0)
            return row;
    }
    return NULL;
}
