/* What people allow: answers to the pop-up, and changes in their settings. */
#include "sim/control.h"
#include "sim/events.h"

#include <inttypes.h>
#include <string.h>

enum choice { CHOICE_ACCEPT, CHOICE_REJECT, CHOICE_WITHDRAW, CHOICE_NONE };
enum { TIMES_MAX = 1000000 };

static const char *const choice_names[] = {"accept", "reject", "withdraw", NULL};

struct subscribe_want {
    const char *appid, *openid;
    json_t *openids, *choices;
    int64_t times;
    bool main_switch;
};

enum { F_CHOICES, F_SWITCH };

static const struct hy_json_field subscribe_fields[] = {
    [F_CHOICES] = {.name = "choices",
                   .type = HY_JSON_OBJECT,
                   .offset = offsetof(struct subscribe_want, choices)},
    [F_SWITCH] = {.name = "main_switch",
                  .type = HY_JSON_BOOL,
                  .offset = offsetof(struct subscribe_want, main_switch)},
    {.name = "appid",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct subscribe_want, appid),
     .required = true},
    {.name = "openid", .type = HY_JSON_TEXT, .offset = offsetof(struct subscribe_want, openid)},
    {.name = "openids",
     .type = HY_JSON_ARRAY,
     .offset = offsetof(struct subscribe_want, openids),
     .min = 1},
    {.name = "times",
     .type = HY_JSON_INT,
     .offset = offsetof(struct subscribe_want, times),
     .min = 1,
     .max = TIMES_MAX},
    {0}};

static enum choice read_choice(const json_t *value)
{
    const char *text = json_string_value(value);
    enum choice choice = CHOICE_ACCEPT;

    while (choice < CHOICE_NONE && (!text || strcmp(text, choice_names[choice]) != 0))
        choice++;
    return choice;
}

static void check_choices(struct hy_sim_control *c, const struct hy_sim_app *app, json_t *choices)
{
    const char *template_id;
    json_t *value;

    if (choices && json_object_size(choices) == 0)
        hy_violations_add(c->faults, "choices", "not_empty", NULL, NULL,
                          "choices must name a template.");
    json_object_foreach(choices, template_id, value)
    {
        const struct hy_sim_template *tpl =
            app ? hy_sim_template_find(c->sim, app, template_id) : NULL;

        if (app && (!tpl || tpl->type == HY_SIM_TEMPLATE_LEGACY))
            hy_violations_add(c->faults, "choices", "known", NULL, NULL,
                              "The app has no subscribe template %.43s.", template_id);
        if (read_choice(value) == CHOICE_NONE)
            hy_violations_add(c->faults, "choices", "one_of", "accept, reject, withdraw", NULL,
                              "A choice is accept, reject or withdraw.");
    }
}

/* A refusal in the pop-up adds nothing; turning a template off in the settings voids what was
 * allowed; the next accept turns it on again. */
static bool choose(struct hy_sim_user *user, struct hy_sim_template *tpl, enum choice choice,
                   int64_t times)
{
    struct hy_sim_permit *permit = hy_sim_permit_of(user, tpl, true);

    if (!permit)
        return false;
    if (choice == CHOICE_ACCEPT) {
        permit->withdrawn = false;
        permit->accepts += tpl->type == HY_SIM_TEMPLATE_ONCE ? times : 0;
        permit->always = tpl->type == HY_SIM_TEMPLATE_ALWAYS;
    } else if (choice == CHOICE_WITHDRAW) {
        *permit = (struct hy_sim_permit){.next = permit->next, .tpl = tpl, .withdrawn = true};
    }
    return true;
}

/* What one person has for the templates just chosen: {"TEMPLATE":uses,...}; long-term is true. */
static void put_permits(struct hy_sim_control *c, const struct hy_sim_app *app,
                        struct hy_sim_user *user, json_t *choices)
{
    const char *template_id, *comma = "";
    json_t *value;

    hy_buf_puts(c->out, "{\"available\":{");
    json_object_foreach(choices, template_id, value)
    {
        const struct hy_sim_permit *permit =
            hy_sim_permit_of(user, hy_sim_template_find(c->sim, app, template_id), false);

        hy_buf_puts(c->out, comma);
        hy_sim_put_text(c->out, template_id);
        if (permit && permit->always)
            hy_buf_puts(c->out, ":true");
        else
            hy_buf_printf(c->out, ":%" PRId64, permit ? permit->accepts : 0);
        comma = ",";
    }
    hy_buf_puts(c->out, "}}");
}

static bool subscribe(struct hy_sim_control *c, struct hy_sim_user *user,
                      const struct subscribe_want *want)
{
    const char *template_id;
    json_t *value;

    json_object_foreach(want->choices, template_id, value)
    {
        if (!choose(user, hy_sim_template_find(c->sim, user->app, template_id), read_choice(value),
                    want->times))
            return false;
    }
    hy_sim_event_choices(c->sim, user, want->choices, want->times);
    return true;
}

void hy_sim_control_subscribe(struct hy_sim_control *c)
{
    struct subscribe_want want = {.times = 1};
    uint32_t present = hy_json_read(c->body, subscribe_fields, &want, c->faults);
    struct hy_sim_app *app = hy_sim_control_app(c, want.appid);
    bool has_switch = present & (1u << F_SWITCH);
    struct hy_sim_user **users;
    size_t count;

    if (!want.choices && !has_switch && !hy_violations_any(c->faults))
        hy_violations_add(c->faults, "choices", "required", NULL, NULL, "choices is required.");
    check_choices(c, app, want.choices);
    users = hy_sim_control_users(c, app, want.openid, want.openids, &count);
    for (size_t i = 0; users && i < count; i++) {
        if (has_switch)
            users[i]->switched_off = !want.main_switch;
        if (!subscribe(c, users[i], &want)) {
            hy_sim_control_no_memory(c);
            return;
        }
    }
    if (users)
        put_permits(c, app, users[0], want.choices);
}
