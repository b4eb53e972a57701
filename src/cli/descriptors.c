#include "cli/descriptors.h"

#include <sys/resource.h>

/* Store, log, wake-ups; and two for each of the client's multi handles (net/httpc_shards.h). */
enum { RESERVED = 64, CONNECTIONS_A_HANDLE = 32, FILES_A_HANDLE = 2 };

static int64_t need(int64_t clients, int64_t platform)
{
    return RESERVED + clients + platform + platform / CONNECTIONS_A_HANDLE * FILES_A_HANDLE;
}

int64_t hy_descriptors_raise(int64_t clients, int64_t platform)
{
    rlim_t wanted = (rlim_t)need(clients, platform);
    struct rlimit limit, raised;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return need(clients, platform);
    raised = limit;
    if (limit.rlim_cur < wanted)
        raised.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    if (raised.rlim_cur != limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &raised) != 0)
        raised = limit;
    return raised.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)raised.rlim_cur;
}

int64_t hy_descriptors_share(int64_t limit, int64_t clients, int64_t platform)
{
    int64_t half = (limit - RESERVED) / 2;

    if (limit >= need(clients, platform) || platform <= half)
        return platform;
    return half > 1 ? half : 1;
}
