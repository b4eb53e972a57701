#include "sim/faults.h"

#include "base/err.h"
#include "sim/codes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *const hy_sim_drop_names[] = {"none", "connect", "before", "after", NULL};

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

static void free_fault(struct hy_sim_fault *f)
{
    free((char *)f->path);
    free((char *)f->appid);
    free((char *)f->errmsg);
    free((char *)f->body);
    free(f);
}

/* Used-up faults stay to be looked at until their place is wanted. */
static void forget_used_up(struct hy_sim_faults *faults)
{
    struct hy_sim_fault **slot = &faults->first;

    while (*slot) {
        struct hy_sim_fault *f = *slot;

        if (f->times != 0) {
            slot = &f->next;
            continue;
        }
        *slot = f->next;
        free_fault(f);
        faults->count--;
    }
}

int hy_sim_faults_add(struct hy_sim_faults *faults, const struct hy_sim_fault *fault)
{
    struct hy_sim_fault **last = &faults->first, *f;

    if (faults->count >= HY_SIM_FAULTS_MAX)
        forget_used_up(faults);
    if (faults->count >= HY_SIM_FAULTS_MAX)
        return HY_E_LIMIT;
    f = malloc(sizeof *f);
    if (!f)
        return HY_E_NOMEM;
    *f = *fault;
    f->next = NULL;
    f->path = copy(fault->path);
    f->appid = copy(fault->appid);
    f->errmsg = copy(fault->errmsg);
    f->body = copy(fault->body);
    if (!f->path || !f->appid != !fault->appid || !f->errmsg != !fault->errmsg ||
        !f->body != !fault->body) {
        free_fault(f);
        return HY_E_NOMEM;
    }
    while (*last)
        last = &(*last)->next;
    *last = f;
    faults->count++;
    return 0;
}

size_t hy_sim_faults_remove(struct hy_sim_faults *faults, const char *path)
{
    struct hy_sim_fault **slot = &faults->first;
    size_t removed = 0;

    while (*slot) {
        struct hy_sim_fault *f = *slot;

        if (path && strcmp(path, f->path) != 0) {
            slot = &f->next;
            continue;
        }
        *slot = f->next;
        free_fault(f);
        removed++;
    }
    faults->count -= removed;
    return removed;
}

static bool path_fits(const char *pattern, const char *path)
{
    size_t length = strlen(pattern);

    if (length && pattern[length - 1] == '*')
        return strncmp(pattern, path, length - 1) == 0;
    return strcmp(pattern, path) == 0;
}

static bool hits(struct hy_sim_fault *f, struct hy_sim_ids *ids, const char *path,
                 const char *appid)
{
    if (f->times == 0 || !path_fits(f->path, path))
        return false;
    if (f->appid && (!appid || strcmp(f->appid, appid) != 0))
        return false;
    if (f->skip > 0) {
        f->skip--;
        return false;
    }
    return f->probability >= 1 ||
           (double)(hy_sim_random(ids, HY_SIM_STREAM_FAULT) >> 11) * 0x1p-53 < f->probability;
}

static bool acts(const struct hy_sim_fault *f)
{
    return f->drop || f->has_errcode || f->status || f->body;
}

struct hy_sim_effect hy_sim_faults_draw(struct hy_sim_faults *faults, struct hy_sim_ids *ids,
                                        const char *path, const char *appid)
{
    struct hy_sim_effect effect = {0};

    for (struct hy_sim_fault *f = faults->first; f; f = f->next) {
        /* A second fault that would act waits for its turn and keeps its times. */
        if ((acts(f) && effect.action) || !hits(f, ids, path, appid))
            continue;
        if (f->times > 0)
            f->times--;
        f->fired++;
        if (f->latency_ms > effect.latency_ms)
            effect.latency_ms = f->latency_ms;
        if (acts(f))
            effect.action = f;
    }
    return effect;
}

static void print_fault(const struct hy_sim_fault *f, struct hy_buf *out)
{
    hy_buf_puts(out, "{\"path\":");
    hy_sim_put_text(out, f->path);
    hy_buf_puts(out, ",\"appid\":");
    hy_sim_put_text(out, f->appid);
    if (f->has_errcode)
        hy_buf_printf(out, ",\"errcode\":%d", f->errcode);
    if (f->status)
        hy_buf_printf(out, ",\"status\":%d", f->status);
    if (f->latency_ms)
        hy_buf_printf(out, ",\"latency_ms\":%" PRId64, f->latency_ms);
    if (f->drop)
        hy_buf_printf(out, ",\"drop\":\"%s\"", hy_sim_drop_names[f->drop]);
    if (f->carry_out)
        hy_buf_puts(out, ",\"carry_out\":true");
    if (f->skip > 0)
        hy_buf_printf(out, ",\"skip\":%" PRId64, f->skip);
    if (f->times >= 0)
        hy_buf_printf(out, ",\"times\":%" PRId64, f->times);
    hy_buf_printf(out, ",\"probability\":%.6g,\"fired\":%" PRIu64 "}", f->probability, f->fired);
}

void hy_sim_faults_print(const struct hy_sim_faults *faults, struct hy_buf *out)
{
    hy_buf_putc(out, '[');
    for (const struct hy_sim_fault *f = faults->first; f; f = f->next) {
        if (f != faults->first)
            hy_buf_putc(out, ',');
        print_fault(f, out);
    }
    hy_buf_putc(out, ']');
}
