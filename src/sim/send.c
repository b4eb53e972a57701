/* What both kinds of send share. */
#include "sim/calls.h"

#include "net/httpd.h"

#include <string.h>

int hy_sim_send_target(struct hy_sim_exchange *x, bool legacy, struct hy_sim_template **ret_tpl)
{
    struct hy_sim_template *tpl;

    if (!x->user || x->user->app != x->app)
        return HY_SIM_BAD_OPENID;
    tpl = hy_sim_template_find(x->sim, x->app, hy_sim_body_text(x, "template_id"));
    if (!tpl || (tpl->type == HY_SIM_TEMPLATE_LEGACY) != legacy)
        return HY_SIM_BAD_TEMPLATE;
    *ret_tpl = tpl;
    return 0;
}

bool hy_sim_page_known(const struct hy_sim_app *app, const char *page)
{
    size_t length = strcspn(page, "?");

    if (!app->pages)
        return true;
    for (hy_sim_texts known = app->pages; *known; known++) {
        if (strlen(*known) == length && strncmp(*known, page, length) == 0)
            return true;
    }
    return false;
}

int hy_sim_send_deliver(struct hy_sim_exchange *x, uint64_t msgid)
{
    size_t size;
    const char *request = hy_httpd_body(x->req, &size);
    bool lost = msgid && x->app->push.sent_status;

    if (!lost && hy_sim_inbox_put(&x->sim->inbox, x->user, x->now_ms, msgid, request, size) != 0)
        return HY_SIM_SYSTEM_ERROR;
    x->sim->stats.accepted++;
    return 0;
}

/* Withdrawn on 20 September 2023, whatever the account. */
int hy_sim_run_send_uniform(struct hy_sim_exchange *x)
{
    return HY_SIM_UNIFORM_RETIRED;
}
