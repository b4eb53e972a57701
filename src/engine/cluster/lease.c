#include "engine/cluster/lease.h"

enum { BEATS = 3 /* a lease */, MARGIN_PART = 12, RETRY_PART = 6 };

void hy_lease_init(struct hy_lease *lease, int64_t length_ms)
{
    *lease = (struct hy_lease){.length_ms = length_ms};
}

void hy_lease_renew(struct hy_lease *lease, int64_t asked_ms)
{
    lease->until_ms = asked_ms + lease->length_ms - lease->length_ms / MARGIN_PART;
    lease->next_ms = asked_ms + lease->length_ms / BEATS;
    lease->failing = false;
}

void hy_lease_failed(struct hy_lease *lease, int64_t now_ms)
{
    lease->next_ms = now_ms + lease->length_ms / RETRY_PART;
    lease->failing = true;
}

void hy_lease_lose(struct hy_lease *lease, int64_t now_ms)
{
    lease->until_ms = 0;
    lease->next_ms = now_ms;
}

void hy_lease_hurry(struct hy_lease *lease, int64_t now_ms)
{
    if (!lease->failing && lease->next_ms > now_ms)
        lease->next_ms = now_ms;
}

bool hy_lease_good(const struct hy_lease *lease, int64_t now_ms)
{
    return now_ms < lease->until_ms;
}
