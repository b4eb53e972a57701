#include "engine/cluster/adopt.h"

#include <stdlib.h>

static int adopt_keys(struct hy_engine *engine, struct hy_news_read *read)
{
    return hy_registry_replace_keys(&engine->registry, read->verb.keys.keys, read->verb.keys.count);
}

/* --- templates -------------------------------------------------------------------------------- */

static bool was_synced(const struct hy_templates *read, int64_t app_no)
{
    for (size_t i = 0; i < read->sync_count; i++) {
        if (read->syncs[i].app_no == app_no)
            return true;
    }
    return false;
}

/* They come by app; an app without any has lost what it had. */
static int adopt_templates(struct hy_engine *engine, struct hy_news_read *read)
{
    const struct hy_templates *all = &read->verb.templates;
    int err = 0;

    for (size_t i = 0; i < engine->lanes.count; i++) {
        int64_t app_no = engine->lanes.items[i]->app_no;
        size_t first = 0, count = 0;

        while (first < all->count && all->templates[first].app_no != app_no)
            first++;
        while (first + count < all->count && all->templates[first + count].app_no == app_no)
            count++;
        if (hy_shelf_replace(&engine->shelf, app_no, all->templates + first, count,
                             was_synced(all, app_no)) != 0)
            err = HY_E_NOMEM;
    }
    return err;
}

/* ---------------------------------------------------------------------------------------------- */

static int adopt_cuts(struct hy_engine *engine, struct hy_news_read *read)
{
    return hy_cuts_put_all(engine, &read->verb.cuts);
}

static int adopt_pauses(struct hy_engine *engine, struct hy_news_read *read)
{
    hy_take_pauses(engine, &read->verb.pauses);
    return 0;
}

static int adopt_tokens(struct hy_engine *engine, struct hy_news_read *read)
{
    const struct hy_tokens *tokens = &read->verb.tokens;

    for (size_t i = 0; i < tokens->count; i++) {
        struct hy_lane *lane = hy_lane_find(engine, tokens->tokens[i].app_no);

        if (lane)
            hy_keeper_hear(engine, lane, &tokens->tokens[i]);
    }
    return 0;
}

int hy_adopt(struct hy_engine *engine, struct hy_news_read *read)
{
    static int (*const adopts[HY_NEWS_KINDS])(struct hy_engine *, struct hy_news_read *) = {
        [HY_NEWS_KEYS] = adopt_keys,     [HY_NEWS_TEMPLATES] = adopt_templates,
        [HY_NEWS_CUTS] = adopt_cuts,     [HY_NEWS_PAUSES] = adopt_pauses,
        [HY_NEWS_TOKENS] = adopt_tokens,
    };

    return adopts[read->news](engine, read);
}

int64_t hy_adopt_changes(struct hy_engine *engine, enum hy_news news)
{
    switch (news) {
    case HY_NEWS_KEYS: return atomic_load(&engine->registry.key_changes);
    case HY_NEWS_TEMPLATES: return atomic_load(&engine->shelf.changes);
    case HY_NEWS_PAUSES: return atomic_load(&engine->cluster.pauses_begun);
    default: return 0;
    }
}
