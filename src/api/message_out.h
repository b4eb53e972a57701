/*
 * message_out.h - a message as the API shows it.
 */
#ifndef HY_API_MESSAGE_OUT_H
#define HY_API_MESSAGE_OUT_H

#include "api/out.h"
#include "engine/engine.h"

/* Writes the apps' ids and codes' meanings of several messages: remembers the app between two. */
struct hy_message_writer {
    struct hy_engine *engine;
    bool chinese; /* the language of `meaning` and `fix` */
    const struct hy_app_entry *entry;
};

void hy_message_writer_init(struct hy_message_writer *writer, struct hy_engine *engine,
                            bool chinese);
void hy_message_writer_deinit(struct hy_message_writer *writer);

/* One object without attempts, as it stands in lists. */
void hy_message_write(struct hy_message_writer *writer, struct hy_out *out,
                      const struct hy_message *message);

/* With `attempts` and `timeline`. */
void hy_message_write_whole(struct hy_message_writer *writer, struct hy_out *out,
                            const struct hy_message_get *get);

/* The row that explains an attempt: the code of a sending path that has the same verdict. An
 * attempt keeps its code but not its path; where two paths share a code, they share its meaning
 * when they share the verdict. Null when there is none. */
const struct hy_code *hy_message_code(const struct hy_platform *platform,
                                      const struct hy_judgement *judgement);

#endif
