#include "sim/events.h"

#include "sim/post.h"

#include <inttypes.h>
#include <string.h>

static const char popup_event[] = "subscribe_msg_popup_event";
static const char change_event[] = "subscribe_msg_change_event";
static const char sent_event[] = "subscribe_msg_sent_event";

/* --- the parts of an event -------------------------------------------------------------------- */

/* A number inside of the list. */
static json_t *figure(const struct hy_sim_push *push, int64_t value)
{
    return push->xml ? json_integer(value) : json_sprintf("%" PRId64, value);
}

static json_t *create_time(const struct hy_sim_push *push, int64_t at_s)
{
    return push->time_as_text && !push->xml ? json_sprintf("%" PRId64, at_s) : json_integer(at_s);
}

/* The members that every event begins with. */
static json_t *begin(const struct hy_sim_app *app, const char *openid, const char *event,
                     int64_t at_s)
{
    return json_pack("{s:s,s:s,s:o,s:s,s:s}", "ToUserName", app->original_id, "FromUserName",
                     openid, "CreateTime", create_time(&app->push, at_s), "MsgType", "event",
                     "Event", event);
}

/* Takes the reference of `list`, an array that is not empty. */
static void add_list(json_t *tree, const struct hy_sim_push *push, const char *wrapper,
                     json_t *list)
{
    if (push->xml) {
        json_object_set_new(tree, wrapper, json_pack("{s:o}", "List", list));
    } else if (json_array_size(list) == 1) {
        json_object_set(tree, "List", json_array_get(list, 0));
        json_decref(list);
    } else {
        json_object_set_new(tree, "List", list);
    }
}

/* --- answers of people ------------------------------------------------------------------------ */

/* The choices that belong into one kind of event: those that are withdrawals, or the others. */
static json_t *list_choices(const struct hy_sim_push *push, json_t *choices, bool withdrawn)
{
    json_t *list = json_array(), *value;
    const char *template_id;

    json_object_foreach(choices, template_id, value)
    {
        const char *choice = json_string_value(value);
        json_t *item;

        if ((strcmp(choice, "withdraw") == 0) != withdrawn)
            continue;
        item = json_pack("{s:s,s:s}", "TemplateId", template_id, "SubscribeStatusString",
                         withdrawn ? "reject" : choice);
        if (!withdrawn)
            json_object_set_new(item, "PopupScene", figure(push, 0));
        json_array_append_new(list, item);
    }
    return list;
}

static void post_choices(struct hy_sim *sim, struct hy_sim_user *user, const char *event,
                         const char *wrapper, json_t *list)
{
    int64_t now_ms = hy_sim_now_ms(sim), now_s = now_ms / 1000;
    json_t *tree;

    user->event_s = now_s > user->event_s ? now_s : user->event_s + 1;
    tree = begin(user->app, user->openid, event, user->event_s);
    add_list(tree, &user->app->push, wrapper, json_incref(list));
    hy_sim_post_event(sim, user->app, user->openid, event, tree, now_ms);
}

void hy_sim_event_choices(struct hy_sim *sim, struct hy_sim_user *user, json_t *choices,
                          int64_t times)
{
    const struct hy_sim_push *push = &user->app->push;
    json_t *answered, *withdrawn;

    if (!push->url)
        return;
    answered = list_choices(push, choices, false);
    withdrawn = list_choices(push, choices, true);
    if (push->popup && json_array_size(answered))
        for (int64_t i = 0; i < times; i++)
            post_choices(sim, user, popup_event, "SubscribeMsgPopupEvent", answered);
    if (push->change && json_array_size(withdrawn))
        post_choices(sim, user, change_event, "SubscribeMsgChangeEvent", withdrawn);
    json_decref(answered);
    json_decref(withdrawn);
}

/* --- what became of a send -------------------------------------------------------------------- */

void hy_sim_event_sent(struct hy_sim *sim, const struct hy_sim_user *user,
                       const struct hy_sim_template *tpl, uint64_t msgid)
{
    const struct hy_sim_push *push = &user->app->push;
    int64_t due_ms = hy_sim_now_ms(sim) + push->sent_delay_ms;
    json_t *tree, *item;

    if (!push->url || !push->sent)
        return;
    item = json_pack("{s:s,s:o,s:o,s:s}", "TemplateId", tpl->id, "MsgID",
                     figure(push, (int64_t)msgid), "ErrorCode", figure(push, push->sent_code),
                     "ErrorStatus", push->sent_status ? push->sent_status : "success");
    tree = begin(user->app, user->openid, sent_event, due_ms / 1000);
    add_list(tree, push, "SubscribeMsgSentEvent", json_pack("[o]", item));
    hy_sim_post_event(sim, user->app, user->openid, sent_event, tree, due_ms);
}

/* --- anything else ---------------------------------------------------------------------------- */

void hy_sim_event_other(struct hy_sim *sim, const struct hy_sim_app *app, const char *openid,
                        const char *event, const json_t *members, int64_t create_time_s)
{
    int64_t now_ms = hy_sim_now_ms(sim);
    json_t *tree = begin(app, openid, event, create_time_s ? create_time_s : now_ms / 1000);

    if (members)
        json_object_update(tree, (json_t *)members);
    hy_sim_post_event(sim, app, openid, event, tree, now_ms);
}
