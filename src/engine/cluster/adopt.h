/*
 * adopt.h - what was read because another node changed it takes the place of what was known. Only
 * src/engine/cluster includes it.
 */
#ifndef HY_ENGINE_CLUSTER_ADOPT_H
#define HY_ENGINE_CLUSTER_ADOPT_H

#include "engine/internal.h"

/* One read of one kind. */
struct hy_news_read {
    struct hy_mail mail;
    enum hy_news news;
    union {
        struct hy_op op;
        struct hy_keys keys;
        struct hy_templates templates;
        struct hy_session_cuts cuts;
        struct hy_pauses pauses;
        struct hy_tokens tokens;
    } verb;
    struct hy_arena arena;
    struct hy_engine *engine;
    int64_t seen; /* changes of this process's own, as of the start */
};

/* How many this process itself made so far: a read from before one would undo it. */
int64_t hy_adopt_changes(struct hy_engine *engine, enum hy_news news);

/* 0; HY_E_NOMEM: some of it is not known yet, read it again. The engine's thread. */
int hy_adopt(struct hy_engine *engine, struct hy_news_read *read);

#endif
