/*
 * doctor.h - the two halves of `hongyan doctor`.
 */
#ifndef HY_CLI_DOCTOR_H
#define HY_CLI_DOCTOR_H

#include "cli/command.h"
#include "cli/table.h"

/* doctor_user.c */
int hy_doctor_user(struct hy_cli *cli);

/* Appends a user's timeline as GET /v1/users/{app}/{user}/timeline answers it, told in words. */
void hy_doctor_tell(struct hy_buf *out, struct hy_arena *arena, const json_t *answer, bool chinese);

#endif
