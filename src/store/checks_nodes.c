/* Arguments of the verbs for nodes. */
#include "store/checks.h"
#include "store/nodes.h"

#include <string.h>

const char *const hy_hold_names[] = {"app", "webhook", NULL};

const char *const hy_news_names[] = {"apps",       "keys",     "templates", "cuts",   "schedules",
                                     "broadcasts", "webhooks", "pauses",    "tokens", "holds",
                                     "due",        "outcomes", NULL};

bool hy_check_node_beat(const struct hy_op *op)
{
    const struct hy_node_beat *v = (const struct hy_node_beat *)op;

    if (!v->arena || !hy_check_text(v->name) || strlen(v->name) >= HY_NODE_NAME_BYTES ||
        !hy_check_text(v->version) || v->lease_ms <= 0 || v->now_ms < 0 ||
        (v->give_back_count > 0 && !v->give_back))
        return false;
    for (size_t i = 0; i < v->give_back_count; i++)
        if (!hy_check_choice(v->give_back[i].kind, HY_HOLD_KINDS))
            return false;
    return true;
}

bool hy_check_nodes(const struct hy_op *op)
{
    return ((const struct hy_nodes *)op)->arena != NULL;
}
