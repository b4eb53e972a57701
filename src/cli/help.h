/*
 * help.h - what the tables of commands and options look like to a reader: help texts, the man page,
 * shell completion. Each appends to `out`.
 */
#ifndef HY_CLI_HELP_H
#define HY_CLI_HELP_H

#include "base/arena.h"
#include "base/buf.h"
#include "cli/command.h"

/* "hongyan app add ID [OPTION]...". In the arena. */
const char *hy_help_usage(const struct hy_command *command, struct hy_arena *arena);

void hy_help_all(struct hy_buf *out, struct hy_arena *arena);
void hy_help_group(struct hy_buf *out, struct hy_arena *arena, const struct hy_group *group);
void hy_help_command(struct hy_buf *out, struct hy_arena *arena, const struct hy_command *command);

/* hongyan.1 */
void hy_man_write(struct hy_buf *out, struct hy_arena *arena);

/* A completion script for bash. */
void hy_completion_write(struct hy_buf *out);

#endif
