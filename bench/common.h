/*
 * common.h - what the benchmarks of the store share.
 */
#ifndef HY_BENCH_COMMON_H
#define HY_BENCH_COMMON_H

#include <stdint.h>

enum { BENCH_USER_BYTES = 29, BENCH_DAY_MS = 86400000 };

/* Ends the program when `result` is not 0. */
void bench_must(int result, const char *what);

/* One round of splitmix64: numbers that look random, and are the same in every run. */
uint64_t bench_mix(uint64_t x);

/* As an openid looks: 28 characters, random from the sixth on. */
const char *bench_user(int64_t number, char into[BENCH_USER_BYTES]);

#endif
