/*
 * broadcast.h - what the files of `hongyan broadcast` share.
 */
#ifndef HY_CLI_BROADCAST_H
#define HY_CLI_BROADCAST_H

#include "cli/client.h"

/* broadcast_wait.c: asks for the broadcast again and again until it is done or canceled, and shows
 * how far it is. `answer` holds it, at the beginning and at the end. HY_EXIT_FAILED when it was
 * canceled, or will never be done as it is. */
int hy_broadcast_wait(struct hy_cli *cli, struct hy_client_answer *answer);

/* broadcast_upload.c */
int hy_broadcast_upload(struct hy_cli *cli);

#endif
