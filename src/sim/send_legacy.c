/* Template messages paid for with a form_id or a prepay_id. */
#include "sim/calls.h"

static int check_receipt(struct hy_sim_exchange *x, struct hy_sim_receipt **ret_receipt)
{
    struct hy_sim_receipt *receipt =
        hy_sim_table_find(&x->sim->receipts, hy_sim_body_text(x, "form_id"));

    if (!receipt || receipt->user != x->user)
        return HY_SIM_BAD_FORM_ID;
    if (receipt->uses_left == 0)
        return HY_SIM_FORM_ID_USED;
    if (x->now_ms >= receipt->expires_ms)
        return HY_SIM_BAD_FORM_ID;
    *ret_receipt = receipt;
    return 0;
}

/* An absent or empty page is a card that leads nowhere. */
static int check_page(const struct hy_sim_exchange *x)
{
    const json_t *page = json_object_get(x->body, "page");
    const char *text = json_string_value(page);

    if (!page || json_is_null(page))
        return 0;
    if (!text)
        return HY_SIM_BAD_JSON;
    return text[0] == '/' || (*text && !hy_sim_page_known(x->app, text)) ? HY_SIM_BAD_PAGE : 0;
}

/* Absent data is an empty card. */
static int check_data(const struct hy_sim_exchange *x)
{
    json_t *data = json_object_get(x->body, "data"), *item;
    const char *key;

    if (!data || json_is_null(data))
        return 0;
    if (!json_is_object(data))
        return HY_SIM_BAD_JSON;
    json_object_foreach(data, key, item)
    {
        if (!json_is_string(json_object_get(item, "value")))
            return HY_SIM_BAD_JSON;
    }
    return 0;
}

int hy_sim_run_send_legacy(struct hy_sim_exchange *x)
{
    struct hy_sim_receipt *receipt = NULL;
    struct hy_sim_template *tpl;
    int code = hy_sim_send_target(x, true, &tpl);

    if (!code)
        code = check_receipt(x, &receipt);
    if (!code)
        code = check_page(x);
    if (!code)
        code = check_data(x);
    if (!code)
        code = hy_sim_send_deliver(x, 0);
    if (code)
        return code;
    receipt->uses_left--;
    return hy_sim_ok(x);
}
