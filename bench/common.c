#include "common.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

void bench_must(int result, const char *what)
{
    if (result == 0)
        return;
    fprintf(stderr, "bench: %s: %s\n", what, hy_err_text(result));
    exit(1);
}

uint64_t bench_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

const char *bench_user(int64_t number, char into[BENCH_USER_BYTES])
{
    uint64_t r = bench_mix((uint64_t)number);

    snprintf(into, BENCH_USER_BYTES, "oABCD%016llx%07llx", (unsigned long long)r,
             (unsigned long long)(bench_mix(r) & 0xfffffff));
    return into;
}
