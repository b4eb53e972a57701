/*
 * nodes.h - the insides of shared.h, shared by its files: shared.c (seats, fences), nodes.c (who lives
 * and who holds what), news.c (what others are told).
 */
#ifndef HY_STORE_MEMORY_NODES_H
#define HY_STORE_MEMORY_NODES_H

#include "store/memory/memory.h"
#include "store/memory/shared.h"

/* One store on it: what a backend's handle is here. */
struct hy_mem_seat {
    struct hy_mem_shared *shared;
    int64_t node; /* as of its last beat, 0 = it never beat */
    bool left;
    hy_store_news *tell; /* or null */
    void *arg;
    struct hy_vector inbox; /* hy_mem_word */
};

struct hy_mem_word {
    enum hy_news news;
    int64_t id;
    int64_t at_ms;
};

struct hy_mem_shared {
    struct hy_backend *data;
    struct hy_vector seats; /* hy_mem_seat */
    struct hy_vector nodes; /* hy_node that live, by number; they own their texts */
    struct hy_vector holds; /* hy_hold, by kind and id */
    struct hy_vector told;  /* hy_mem_telling */
    int64_t last_node;
    int64_t now_ms; /* the newest that a beat told */
    int64_t counts[HY_NEWS_KINDS];
    bool mute;
};

/* An outcome that is claimed. */
struct hy_mem_telling {
    int64_t outcome_id;
    int64_t webhook_id;
};

/* --- nodes.c ---------------------------------------------------------------------------------- */

struct hy_node *hy_mem_node(const struct hy_mem_shared *shared, int64_t node); /* or null */
/* Who holds it, 0 = nobody. */
int64_t hy_mem_holder(const struct hy_mem_shared *shared, enum hy_hold_kind kind, int64_t id);
void hy_mem_nodes_free(struct hy_mem_shared *shared);

int hy_mem_node_beat(struct hy_mem_seat *seat, struct hy_node_beat *v);
int hy_mem_node_leave(struct hy_mem_seat *seat);
int hy_mem_nodes_list(struct hy_mem_shared *shared, struct hy_nodes *v);

/* --- tellings.c: outcomes that are claimed ---------------------------------------------------- */

void hy_mem_telling_begun(struct hy_mem_shared *shared, const struct hy_outbox_claim *v);
void hy_mem_telling_ended(struct hy_mem_shared *shared, const struct hy_outbox_settle *v);
/* The webhook has a new holder: what the last one had claimed is due now. */
void hy_mem_tellings_end(struct hy_mem_shared *shared, int64_t webhook_id, int64_t now_ms);

void hy_mem_tellings_free(struct hy_mem_shared *shared);

/* --- news.c ----------------------------------------------------------------------------------- */

/* What is due first of each app and endpoint, before a verb. */
struct hy_mem_dues {
    struct hy_vector firsts; /* hy_mem_first */
};

void hy_mem_dues_note(const struct hy_backend *b, struct hy_mem_dues *dues);
/* After it: whoever holds what has become due earlier, and isn't `seat`, is told. */
void hy_mem_dues_tell(struct hy_mem_seat *seat, struct hy_mem_dues *dues);
/* What this verb changed that others keep in memory; it ended with 0. */
void hy_mem_news_of(struct hy_mem_seat *seat, const struct hy_op *op);
/* Counts it and tells the others. */
void hy_mem_news_tell(struct hy_mem_seat *seat, enum hy_news news, int64_t id);
/* To this one seat, if it watches. */
void hy_mem_news_put(struct hy_mem_seat *to, enum hy_news news, int64_t id, int64_t at_ms);
bool hy_mem_news_deliver(struct hy_mem_seat *seat);

#endif
