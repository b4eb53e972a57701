/*
 * timeline_balance.c - how many uses there were before and after each step of a story.
 *
 * Receipts: of each the row says how many uses are left of it, so with the sends that are told it is
 * known with how many it began; from there forwards.
 *
 * A counter: forwards from nothing if the story is whole, else from the last time that nothing was
 * left. Should that not end at the ledger's number, backwards from there as far as it can be known.
 */
#include "domain/timeline.h"

#include "base/err.h"

/* --- receipts --------------------------------------------------------------------------------- */

struct receipt {
    int64_t left; /* at this point of the story; 0 before it was added */
    int64_t begin;
    bool gone;
};

static struct receipt *receipt_of(const struct hy_timeline_facts *facts, struct receipt *receipts,
                                  const struct hy_step *item)
{
    if (!item->grant || !hy_grant_is_receipt(item->grant->kind))
        return NULL;
    return &receipts[item->grant - facts->grants];
}

static int64_t change(const struct hy_step *item, struct receipt *receipt)
{
    int64_t left;

    if (!receipt || (receipt->gone && item->type != HY_STEP_GRANT_ADDED))
        return 0;
    left = receipt->left;
    if (item->type == HY_STEP_GRANT_ADDED)
        receipt->left += receipt->begin;
    else if (item->voids)
        receipt->left = 0;
    else
        receipt->left += item->delta;
    receipt->gone = receipt->gone || item->voids;
    return receipt->left - left;
}

static bool of_receipts(const struct hy_step *item)
{
    return item->known && !item->pot;
}

static void replay_receipts(const struct hy_timeline_facts *facts, struct receipt *receipts,
                            struct hy_step *items, size_t count)
{
    int64_t balance = 0;

    for (size_t i = 0; i < count; i++) {
        if (!of_receipts(&items[i]))
            continue;
        items[i].before = balance;
        balance += change(&items[i], receipt_of(facts, receipts, &items[i]));
        items[i].after = balance;
    }
}

/* What a receipt began with: what is left of it, and what was sent by it. */
static void begin_receipts(const struct hy_timeline_facts *facts, struct receipt *receipts,
                           const struct hy_step *items, size_t count)
{
    for (size_t i = 0; i < facts->grant_count; i++)
        receipts[i].begin = facts->grants[i].uses_left;
    for (size_t i = 0; i < count; i++) {
        struct receipt *receipt = receipt_of(facts, receipts, &items[i]);

        if (receipt && items[i].type == HY_STEP_ATTEMPT)
            receipt->begin -= items[i].delta;
    }
}

/* --- counters --------------------------------------------------------------------------------- */

/* A standing permission is one use that nothing takes away but a withdrawal. */
static int64_t step(const struct hy_step *item, int64_t before)
{
    int64_t after = before + item->delta;

    if (item->voids)
        return 0;
    if (item->pot->kind == HY_GRANT_ALWAYS)
        return item->delta > 0 ? 1 : before;
    return after > 0 ? after : 0;
}

/* From the start, or from where nothing is left. Returns the last balance, -1 = not known. */
static int64_t forwards(const struct hy_grant *pot, bool whole, struct hy_step *items, size_t count)
{
    int64_t balance = whole ? 0 : -1;

    for (size_t i = 0; i < count; i++) {
        if (items[i].pot != pot)
            continue;
        items[i].known = balance >= 0;
        items[i].before = balance;
        if (balance >= 0 || items[i].voids)
            balance = step(&items[i], balance);
        items[i].after = balance;
    }
    return balance;
}

/* What there was before a step, as far as it can be told from what there was after it. */
static int64_t before_of(const struct hy_step *item, int64_t after)
{
    int64_t before = after - item->delta;

    if (item->pot->kind == HY_GRANT_ALWAYS)
        return after;
    return before > 0 ? before : 0;
}

/* From the ledger's number to the last time that nothing was left. What went before that stays as
 * forwards() found it; if it found nothing and that was the last of all, the row still knows. */
static void backwards(const struct hy_grant *pot, int64_t balance, struct hy_step *items,
                      size_t count)
{
    bool revoked = pot->state == HY_GRANT_REVOKED;

    for (size_t i = count; i > 0; i--) {
        struct hy_step *item = &items[i - 1];

        if (item->pot != pot)
            continue;
        item->after = balance;
        if (item->voids && (item->known || !revoked))
            return;
        balance = item->voids ? pot->uses_left : revoked ? 0 : before_of(item, balance);
        revoked = revoked && !item->voids;
        item->before = balance;
        item->known = true;
    }
}

static void replay_counter(const struct hy_timeline_facts *facts, const struct hy_grant *pot,
                           struct hy_step *items, size_t count)
{
    int64_t present = hy_timeline_left(pot, facts->now_ms, facts->margin_ms);

    if (forwards(pot, facts->whole, items, count) != present || !facts->whole)
        backwards(pot, present, items, count);
}

int hy_timeline_balance(const struct hy_timeline_facts *facts, struct hy_step *items, size_t count,
                        struct hy_arena *arena)
{
    struct receipt *receipts = hy_arena_array(arena, facts->grant_count + 1, sizeof *receipts);

    if (!receipts)
        return HY_E_NOMEM;
    begin_receipts(facts, receipts, items, count);
    replay_receipts(facts, receipts, items, count);
    for (size_t i = 0; i < facts->grant_count; i++) {
        if (!hy_grant_is_receipt(facts->grants[i].kind))
            replay_counter(facts, &facts->grants[i], items, count);
    }
    return 0;
}
