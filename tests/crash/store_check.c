/*
 * store_check LOCATION - opens a store that no server has open and verifies what must always hold
 * in it. Prints a line for each thing that does not; ends with 0 when all is well, 1 when not, 2
 * when it was called wrongly.
 */
#include "base/arena.h"
#include "base/err.h"
#include "store/messages.h"

#include <stdio.h>

static int check(struct hy_store *store)
{
    struct hy_arena arena;
    struct hy_check verb = {.op.verb = HY_VERB_CHECK, .arena = &arena};
    int err;

    hy_arena_init(&arena);
    err = hy_store_run(store, &verb.op);
    for (size_t i = 0; i < verb.count; i++)
        puts(verb.findings[i]);
    if (err && verb.count == 0)
        printf("the check itself failed: %s\n", hy_err_text(err));
    hy_arena_deinit(&arena);
    return err != 0;
}

int main(int argc, char **argv)
{
    struct hy_store_config config = {.location = argc == 2 ? argv[1] : ""};
    struct hy_store *store = NULL;
    char why[512] = "";
    int err, failed;

    if (argc != 2) {
        fputs("usage: store_check LOCATION\n", stderr);
        return 2;
    }
    err = hy_store_open(&config, &store, why, sizeof why);
    if (err) {
        printf("the store does not open: %s\n", *why ? why : hy_err_text(err));
        return 1;
    }
    failed = check(store);
    hy_store_close(store);
    return failed;
}
