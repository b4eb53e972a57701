#include "tap.h"

#include "base/arena.h"

#include <stdint.h>

static void pieces_are_zeroed_and_aligned(void)
{
    struct hy_arena a;

    hy_arena_init(&a);
    for (size_t bytes = 1; bytes < 10000; bytes = bytes * 3 + 1) {
        unsigned char *p = hy_arena_alloc(&a, bytes);

        CHECK(p != NULL);
        CHECK_INT((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < bytes; i++)
            CHECK_INT(p[i], 0);
        memset(p, 0xff, bytes);
    }
    hy_arena_deinit(&a);
}

static void reset_gives_zeroed_memory_again(void)
{
    struct hy_arena a;
    char *p;

    hy_arena_init(&a);
    memset(hy_arena_alloc(&a, 100), 0xff, 100);
    hy_arena_reset(&a);
    CHECK_INT(a.used_bytes, 0);
    p = hy_arena_alloc(&a, 100);
    for (size_t i = 0; i < 100; i++)
        CHECK_INT(p[i], 0);
    hy_arena_deinit(&a);
}

/* Pieces don't overlap, however many chunks there are, and a round of the same size needs none. */
static void later_rounds_reuse_the_chunk(void)
{
    enum { PIECES = 60, BYTES = 100 };
    unsigned char *pieces[PIECES];
    struct hy_arena a;
    const void *chunk = NULL;

    hy_arena_init(&a);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < PIECES; i++) {
            pieces[i] = hy_arena_take(&a, BYTES);
            memset(pieces[i], i, BYTES);
        }
        for (int i = 0; i < PIECES; i++)
            CHECK(pieces[i][0] == i && pieces[i][BYTES - 1] == i);
        CHECK(round == 0 || a.chunks == chunk);
        chunk = a.chunks;
        hy_arena_reset(&a);
    }
    hy_arena_deinit(&a);
}

static void absurd_sizes_are_refused(void)
{
    struct hy_arena a;

    hy_arena_init(&a);
    CHECK(hy_arena_alloc(&a, SIZE_MAX - 4) == NULL);
    CHECK(hy_arena_array(&a, SIZE_MAX / 8, 16) == NULL);
    hy_arena_deinit(&a);
}

static void texts_are_copied(void)
{
    struct hy_arena a;
    char source[] = "goose";
    char *copy;

    hy_arena_init(&a);
    copy = hy_arena_strdup(&a, source);
    source[0] = 'm';
    CHECK_TEXT(copy, "goose");
    CHECK_TEXT(hy_arena_printf(&a, "%s-%d", copy, 7), "goose-7");
    CHECK(hy_arena_strdup(&a, NULL) == NULL);
    hy_arena_deinit(&a);
}

int main(void)
{
    RUN(pieces_are_zeroed_and_aligned);
    RUN(reset_gives_zeroed_memory_again);
    RUN(later_rounds_reuse_the_chunk);
    RUN(absurd_sizes_are_refused);
    RUN(texts_are_copied);
    return hy_tap_end();
}
