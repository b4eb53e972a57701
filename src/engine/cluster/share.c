#include "engine/cluster/share.h"

#include <stdlib.h>

static int by_ease(const void *a, const void *b)
{
    const struct hy_share *x = a, *y = b;

    if (x->leaving != y->leaving)
        return x->leaving ? -1 : 1;
    if (x->under_way != y->under_way)
        return x->under_way < y->under_way ? -1 : 1;
    return x->id > y->id ? -1 : x->id < y->id;
}

void hy_share_choose(struct hy_share *shares, size_t count, size_t surplus)
{
    if (count > 0)
        qsort(shares, count, sizeof *shares, by_ease);
    for (size_t i = 0; i < count; i++)
        shares[i].leaving = i < surplus;
}
