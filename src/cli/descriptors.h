/*
 * descriptors.h - how many files and sockets the process may open, and what that leaves for the platform.
 */
#ifndef HY_CLI_DESCRIPTORS_H
#define HY_CLI_DESCRIPTORS_H

#include <stdint.h>

/* Raises the soft limit to what `clients` and `platform` connections need, at most to the hard one.
 * Returns the limit that is then in force. */
int64_t hy_descriptors_raise(int64_t clients, int64_t platform);

/* How many of the `platform` connections fit below `limit`: at most half of what is left beside
 * store, log and the like, and at least one. */
int64_t hy_descriptors_share(int64_t limit, int64_t clients, int64_t platform);

#endif
