/*
 * retry.h - `hongyan message retry`, a row of the group message.
 */
#ifndef HY_CLI_RETRY_H
#define HY_CLI_RETRY_H

#include "cli/command.h"

extern const struct hy_option hy_message_retry_options[];
int hy_message_retry(struct hy_cli *cli);

#endif
