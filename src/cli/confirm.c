#include "cli/confirm.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

int hy_confirm(struct hy_cli *cli, const char *question)
{
    char answer[16] = "";

    if (hy_args_flag(&cli->args, "yes"))
        return HY_EXIT_DONE;
    if (!isatty(STDIN_FILENO)) {
        hy_fault("%s Nobody is here to be asked; --yes says so", question);
        return HY_EXIT_USAGE;
    }
    fprintf(stderr, "%s [y/N] ", question);
    if (!fgets(answer, sizeof answer, stdin))
        answer[0] = 0;
    answer[strcspn(answer, "\r\n")] = 0;
    if (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0)
        return HY_EXIT_DONE;
    hy_fault("nothing was done");
    return HY_EXIT_FAILED;
}
