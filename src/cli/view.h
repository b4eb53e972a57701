/*
 * view.h - answers of the server as lists and cards, after a table of columns.
 */
#ifndef HY_CLI_VIEW_H
#define HY_CLI_VIEW_H

#include "cli/command.h"

/* The member at `path` ("token.expires_at"); null when it is absent or null. Borrowed. */
const json_t *hy_view_find(const json_t *object, const char *path);

/* A value as one line: texts as they are, yes and no, lists with commas, objects as compact JSON.
 * In the arena; "" for null. */
const char *hy_view_text(struct hy_arena *arena, const json_t *value);

/* The text at `path`, or "". */
const char *hy_view_at(struct hy_arena *arena, const json_t *object, const char *path);

/* A head and a line for each of `items`; "none" when there are none. */
void hy_view_list(struct hy_buf *out, struct hy_arena *arena, const json_t *items,
                  const struct hy_column *columns);

/* A line for each column that has a value. */
void hy_view_card(struct hy_buf *out, struct hy_arena *arena, const json_t *object,
                  const struct hy_column *columns);

/* What an answer of the API is, by itself: {"items": [...], "next"?} a list, else a card. */
void hy_view_answer(struct hy_buf *out, struct hy_arena *arena, const json_t *answer,
                    const struct hy_column *columns);

#endif
