/*
 * golden.h - compares a text with the reviewed file of the same name.
 *
 * With HY_UPDATE_GOLDEN=1 in the environment the files are written instead; read the difference
 * before it is committed.
 */
#ifndef HY_TESTS_GOLDEN_H
#define HY_TESTS_GOLDEN_H

#include "base/buf.h"

/* The folder of the golden files, ended by the process; call it once, first. */
void golden_use(const char *folder);

/* Null when FOLDER/NAME.golden holds exactly `text`, else one line that says what differs. The
 * answer is valid until the next call. */
const char *golden_differs(const char *name, const struct hy_buf *text);

/* Null when every golden file of the folder was compared, else the name of one that was not: its
 * case is gone, so it holds nothing any more. */
const char *golden_left_over(void);

#endif
