/* What is kept for how long, lanes that are paused, who did what: housekeeping.h. */
#include "store/memory/memory.h"

#include <stdlib.h>
#include <string.h>

int hy_mem_vacuum(struct hy_backend *b, struct hy_op *op)
{
    ((struct hy_vacuum *)op)->left = 0;
    return 0;
}

/* --- pauses ----------------------------------------------------------------------------------- */

void hy_mem_pause_free(void *item)
{
    struct hy_pause *pause = (struct hy_pause *)item;

    hy_mem_free_text(pause->reason);
    free(pause);
}

static int by_lane(const void *a, const void *b)
{
    const struct hy_pause *pa = (const struct hy_pause *)a;
    const struct hy_pause *pb = (const struct hy_pause *)b;

    if (pa->app_no != pb->app_no)
        return pa->app_no < pb->app_no ? -1 : 1;
    return (int)pa->channel - (int)pb->channel;
}

int hy_mem_pause_put(struct hy_backend *b, struct hy_op *op)
{
    const struct hy_pause *from = &((const struct hy_pause_put *)op)->pause;
    size_t at = hy_vector_place(&b->pauses, from, by_lane);
    struct hy_pause *added;

    if (at < b->pauses.count && by_lane(b->pauses.items[at], from) == 0) {
        hy_mem_pause_free(b->pauses.items[at]);
        hy_vector_remove(&b->pauses, at);
    }
    if (from->until_ms == 0)
        return 0;
    added = (struct hy_pause *)hy_mem_alloc(sizeof *added);
    *added = *from;
    added->reason = hy_mem_text(from->reason);
    hy_vector_insert(&b->pauses, at, added);
    return 0;
}

void hy_mem_pauses_forget(struct hy_backend *b, int64_t app_no)
{
    for (size_t i = b->pauses.count; i > 0; i--) {
        struct hy_pause *pause = (struct hy_pause *)b->pauses.items[i - 1];

        if (pause->app_no != app_no)
            continue;
        hy_vector_remove(&b->pauses, i - 1);
        hy_mem_pause_free(pause);
    }
}

int hy_mem_pauses(struct hy_backend *b, struct hy_op *op)
{
    struct hy_pauses *v = (struct hy_pauses *)op;

    v->count = b->pauses.count;
    v->pauses = (struct hy_pause *)hy_mem_copy_array(v->arena, v->count, sizeof *v->pauses);
    for (size_t i = 0; i < v->count; i++) {
        v->pauses[i] = *(const struct hy_pause *)b->pauses.items[i];
        v->pauses[i].reason = hy_mem_copy_text(v->arena, v->pauses[i].reason);
    }
    return 0;
}

/* --- audit ------------------------------------------------------------------------------------ */

void hy_mem_audit_free(void *item)
{
    struct hy_audit *audit = (struct hy_audit *)item;

    hy_mem_free_text(audit->who);
    hy_mem_free_text(audit->address);
    hy_mem_free_text(audit->action);
    hy_mem_free_text(audit->subject);
    hy_mem_free_text(audit->detail);
    free(audit);
}

static char *subject_of(const struct hy_audit *audit)
{
    char text[24];

    if (!audit->made_id)
        return hy_mem_text(audit->subject);
    snprintf(text, sizeof text, "%c%lld", audit->letter, (long long)*audit->made_id);
    return hy_mem_text(text);
}

int hy_mem_audit(struct hy_backend *b, const struct hy_audit *audit)
{
    struct hy_audit *added = (struct hy_audit *)hy_mem_alloc(sizeof *added);

    *added = (struct hy_audit){.id = ++b->last_audit_id,
                               .at_ms = audit->at_ms,
                               .key_id = audit->key_id,
                               .who = hy_mem_text(audit->who),
                               .address = hy_mem_text(audit->address),
                               .action = hy_mem_text(audit->action),
                               .subject = subject_of(audit),
                               .detail = hy_mem_text(audit->detail)};
    hy_vector_push(&b->audits, added);
    return 0;
}

static bool wanted(const struct hy_audit_list *v, const struct hy_audit *audit)
{
    return (v->before_id == 0 || audit->id < v->before_id) &&
           (!v->action || strncmp(audit->action, v->action, strlen(v->action)) == 0) &&
           (!v->subject || (audit->subject && strcmp(audit->subject, v->subject) == 0));
}

static void copy(struct hy_arena *arena, struct hy_audit *into, const struct hy_audit *from)
{
    *into = *from;
    into->who = hy_mem_copy_text(arena, from->who);
    into->address = hy_mem_copy_text(arena, from->address);
    into->action = hy_mem_copy_text(arena, from->action);
    into->subject = hy_mem_copy_text(arena, from->subject);
    into->detail = hy_mem_copy_text(arena, from->detail);
}

int hy_mem_audits(struct hy_backend *b, struct hy_op *op)
{
    struct hy_audit_list *v = (struct hy_audit_list *)op;

    v->count = 0;
    v->more = false;
    v->audits = (struct hy_audit *)hy_mem_copy_array(v->arena, v->limit, sizeof *v->audits);
    for (size_t i = b->audits.count; i > 0 && !v->more; i--) {
        const struct hy_audit *audit = (const struct hy_audit *)b->audits.items[i - 1];

        if (!wanted(v, audit))
            continue;
        if (v->count == v->limit)
            v->more = true;
        else
            copy(v->arena, &v->audits[v->count++], audit);
    }
    return 0;
}
