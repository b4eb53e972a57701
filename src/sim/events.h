/*
 * events.h - what the platform tells the developer's server of, when push is set.
 *
 * The two formats differ by more than their brackets: in JSON the inner values are texts and a list
 * of one is an object, in XML numbers stand bare and an element wraps the list.
 */
#ifndef HY_SIM_EVENTS_H
#define HY_SIM_EVENTS_H

#include "base/json.h"
#include "sim/state.h"

/* What a person answered, `choices` being {template: "accept"/"reject"/"withdraw"}: a pop-up event
 * for each of `times` taps with all that she accepted or rejected, then one change event with all
 * that she withdrew in the settings. Each is in a second of its own, because two of one second
 * could not be told apart: CreateTime may run ahead of the clock. */
void hy_sim_event_choices(struct hy_sim *sim, struct hy_sim_user *user, json_t *choices,
                          int64_t times);

/* The final word on a send, after the app's delay. */
void hy_sim_event_sent(struct hy_sim *sim, const struct hy_sim_user *user,
                       const struct hy_sim_template *tpl, uint64_t msgid);

/* Any other event: `members` (null: none) come after the common ones, or in their place.
 * `create_time_s` 0: now. */
void hy_sim_event_other(struct hy_sim *sim, const struct hy_sim_app *app, const char *openid,
                        const char *event, const json_t *members, int64_t create_time_s);

#endif
