#include "cli/textfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAX_BYTES = 64 << 20 }; /* of a body, what the server takes is the server's to say */

char *hy_cli_read_file(struct hy_cli *cli, const struct hy_value *value, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char part[4096];
    struct hy_buf text;
    char *copy = NULL;
    size_t got;

    if (!file) {
        hy_fault("%s: %s: %s", value->from, path, strerror(errno));
        return NULL;
    }
    hy_buf_init(&text, MAX_BYTES);
    while ((got = fread(part, 1, sizeof part, file)) > 0)
        hy_buf_append(&text, part, got);
    if (ferror(file))
        hy_fault("%s: %s: %s", value->from, path, strerror(errno));
    else if (!hy_buf_ok(&text))
        hy_fault("%s: %s: too large", value->from, path);
    else
        copy = hy_arena_memdup(&cli->arena, hy_buf_text(&text), text.size);
    if (file != stdin)
        fclose(file);
    hy_buf_deinit(&text);
    return copy;
}
