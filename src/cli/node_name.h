/*
 * node_name.h - what a node is called when nobody gave it a name.
 */
#ifndef HY_CLI_NODE_NAME_H
#define HY_CLI_NODE_NAME_H

#include "store/nodes.h"

/*
 * Of the machine's name, of which as much is taken as there is room for, and of where the node listens, so
 * that no two processes of one machine have the same:
 *
 *     0.0.0.0:8080, [::]:8080, 127.0.0.1:8080   web1:8080 (one of them can be open at a time)
 *     10.0.0.5:8080                             web1/10.0.0.5:8080 (others may have port 8080, too)
 *     127.0.0.1:0, or too long an address       web1#4711, the process: the port isn't known yet
 *
 * `listen` needn't be right; whoever opens it finds that out.
 */
void hy_node_name(const char *machine, const char *listen, long pid, char into[HY_NODE_NAME_BYTES]);

#endif
