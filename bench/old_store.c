/*
 * old_store LOCATION MESSAGES - fills a store that no server has open as if it had been in use for long: old.h.
 */
#include "old.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct hy_store_config config = {.location = argc == 3 ? argv[1] : "", .inline_mode = true};
    struct hy_store *store;
    char explain[256];

    if (argc != 3 || hy_store_open(&config, &store, explain, sizeof explain) < 0) {
        fprintf(stderr, "old_store LOCATION MESSAGES: %s\n", argc == 3 ? explain : "two arguments");
        return 2;
    }
    old_fill(store, old_app(store), strtoul(argv[2], NULL, 10));
    hy_store_close(store);
    return 0;
}
