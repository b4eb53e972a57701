/*
 * textfile.h - a file that an option names, whole.
 */
#ifndef HY_CLI_TEXTFILE_H
#define HY_CLI_TEXTFILE_H

#include "cli/command.h"

/* The text of `path` ("-": standard input), in the command's arena. Null after a fault, which names
 * the option. */
char *hy_cli_read_file(struct hy_cli *cli, const struct hy_value *value, const char *path);

#endif
