/*
 * confirm.h - questions before something that cannot be taken back.
 */
#ifndef HY_CLI_CONFIRM_H
#define HY_CLI_CONFIRM_H

#include "cli/command.h"

/* The option that answers them in scripts. */
#define HY_OPTION_YES                                                                              \
    {                                                                                              \
        .name = "yes", .type = HY_OPTION_FLAG, .help = "do not ask"                                \
    }

/*
 * Asks "QUESTION [y/N] " on standard error. HY_EXIT_DONE: yes, or --yes was given. HY_EXIT_FAILED:
 * no. HY_EXIT_USAGE: nobody is there to be asked, standard input is no terminal.
 */
int hy_confirm(struct hy_cli *cli, const char *question);

#endif
