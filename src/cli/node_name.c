#include "cli/node_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MACHINE_BYTES_MIN = 16, TAIL_BYTES = HY_NODE_NAME_BYTES - MACHINE_BYTES_MIN };

/* Whoever listens on one of these keeps the others off its port. */
static bool has_the_port_alone(const char *listen, size_t host_bytes)
{
    static const char *const hosts[] = {"0.0.0.0", "[::]", "127.0.0.1"};

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (strlen(hosts[i]) == host_bytes && memcmp(hosts[i], listen, host_bytes) == 0)
            return true;
    return false;
}

void hy_node_name(const char *machine, const char *listen, long pid, char into[HY_NODE_NAME_BYTES])
{
    const char *port = strrchr(listen, ':');
    char tail[TAIL_BYTES];
    int size;

    if (!port || strtol(port + 1, NULL, 10) == 0)
        size = snprintf(tail, sizeof tail, "#%ld", pid);
    else if (has_the_port_alone(listen, (size_t)(port - listen)))
        size = snprintf(tail, sizeof tail, "%s", port);
    else
        size = snprintf(tail, sizeof tail, "/%s", listen);
    if (size >= (int)sizeof tail)
        size = snprintf(tail, sizeof tail, "#%ld", pid);
    snprintf(into, HY_NODE_NAME_BYTES, "%.*s%s", HY_NODE_NAME_BYTES - 1 - size, machine, tail);
}
