/*
 * tap.h - unit tests that print TAP: one line a test, and the place of the first fault.
 *
 *   static void adds(void) { CHECK_INT(1 + 1, 2); }
 *   int main(void) { RUN(adds); return hy_tap_end(); }
 *
 * A failed CHECK ends its test; the others still run. A test may be made of several files.
 */
#ifndef HY_TESTS_TAP_H
#define HY_TESTS_TAP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Weak, so that the files of one test share them. */
__attribute__((weak)) int hy_tap_count, hy_tap_failures;
__attribute__((weak)) jmp_buf hy_tap_escape;

__attribute__((format(printf, 3, 4), noreturn, unused)) static void hy_tap_fail(const char *file,
                                                                                int line,
                                                                                const char *format,
                                                                                ...)
{
    va_list args;

    printf("# %s:%d: ", file, line);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    longjmp(hy_tap_escape, 1);
}

__attribute__((unused)) static void hy_tap_run(const char *name, void (*test)(void))
{
    int failed = setjmp(hy_tap_escape);

    if (!failed)
        test();
    hy_tap_count++;
    hy_tap_failures += failed != 0;
    printf("%s %d - %s\n", failed ? "not ok" : "ok", hy_tap_count, name);
    fflush(stdout);
}

__attribute__((unused)) static int hy_tap_end(void)
{
    printf("1..%d\n", hy_tap_count);
    return hy_tap_failures != 0;
}

#define RUN(test) hy_tap_run(#test, test)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            hy_tap_fail(__FILE__, __LINE__, "%s", #condition);                                     \
    } while (0)

#define CHECK_INT(actual, expected)                                                                \
    do {                                                                                           \
        long long hy_a = (long long)(actual), hy_e = (long long)(expected);                        \
        if (hy_a != hy_e)                                                                          \
            hy_tap_fail(__FILE__, __LINE__, "%s is %lld, expected %lld", #actual, hy_a, hy_e);     \
    } while (0)

#define CHECK_TEXT(actual, expected)                                                               \
    do {                                                                                           \
        const char *hy_a = (actual), *hy_e = (expected);                                           \
        if (!hy_a || strcmp(hy_a, hy_e) != 0)                                                      \
            hy_tap_fail(__FILE__, __LINE__, "%s is \"%s\", expected \"%s\"", #actual,              \
                        hy_a ? hy_a : "(null)", hy_e);                                             \
    } while (0)

#endif
