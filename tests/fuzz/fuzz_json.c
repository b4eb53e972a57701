/*
 * Arbitrary JSON is read while memory is short. What must hold for any bytes: the value is the one
 * that is read with enough memory, or none and hy_json_starved() says why; nothing is left behind.
 *
 * The first byte chooses the allocation that gets nothing, its highest bit whether all later ones
 * get nothing either.
 */
#include "../unit/api/short_memory.h"

#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
    if (!truth)
        abort();
}

static void into_an_arena(uint8_t choice, const char *text, size_t size, const json_t *whole)
{
    struct hy_arena arena;
    json_t *root;
    bool struck;

    hy_arena_init(&arena);
    short_memory_begin(choice & 0x7f, choice & 0x80);
    root = hy_json_parse_in(&arena, text, size, NULL, 0);
    struck = hy_json_starved();
    expect(struck == short_memory_end());
    expect(struck ? !root : !root == !whole);
    expect(!root || json_equal(root, whole));
    hy_arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 1;
    json_t *whole, *root;
    bool starved, struck;

    if (size == 0)
        return 0;
    whole = hy_json_parse(text, size - 1, NULL, 0);
    expect(!hy_json_starved());
    short_memory_begin(data[0] & 0x7f, data[0] & 0x80);
    root = hy_json_parse(text, size - 1, NULL, 0);
    starved = hy_json_starved();
    struck = short_memory_end();
    expect(starved == struck);
    expect(struck ? !root : !root == !whole);
    expect(!root || json_equal(root, whole));
    json_decref(root);
    into_an_arena(data[0], text, size - 1, whole);
    json_decref(whole);
    return 0;
}
