/*
 * control.h - the control side, on which a test plays people and accidents: one function a verb.
 *
 * A verb reads its table of fields, adds what is wrong to c->faults, and writes the body of its
 * answer to c->out. With any fault the answer is a 400 that names the fields, and nothing was
 * changed: so a verb checks everything before it changes anything.
 */
#ifndef HY_SIM_CONTROL_H
#define HY_SIM_CONTROL_H

#include "base/json.h"
#include "sim/codes.h"
#include "sim/state.h"

struct hy_httpd_request;

struct hy_sim_control {
    struct hy_sim *sim;
    struct hy_httpd_request *req;
    json_t *body; /* an object; empty when the request had no body */
    struct hy_violations *faults;
    struct hy_buf *out;
    const char *content_type; /* application/json unless changed */
    bool deferred;            /* the verb sees to the answer itself, later */
};

/* Serves everything under /sim. */
void hy_sim_control_serve(struct hy_sim *sim, struct hy_httpd_request *req);

/* The app `appid`; null after adding a fault for the field "appid". */
struct hy_sim_app *hy_sim_control_app(struct hy_sim_control *c, const char *appid);

/* The user `openid` of `app` (null: no app, no fault); null after adding a fault. */
struct hy_sim_user *hy_sim_control_user(struct hy_sim_control *c, const struct hy_sim_app *app,
                                        const char *openid);

/* Adds the fault "out of memory". */
void hy_sim_control_no_memory(struct hy_sim_control *c);

/* The texts of the JSON array `values`, copied into the simulator's arena. Null after a fault. */
hy_sim_texts hy_sim_control_texts(struct hy_sim_control *c, const char *field,
                                  const json_t *values);

/* A text copied into the simulator's arena; null after a fault or when `text` is null. */
const char *hy_sim_control_keep(struct hy_sim_control *c, const char *text);

/* The users that `openids` (null: `openid` alone) names, in a list of the request's arena; null
 * after a fault, an `app` that is null among them. */
struct hy_sim_user **hy_sim_control_users(struct hy_sim_control *c, const struct hy_sim_app *app,
                                          const char *openid, const json_t *openids,
                                          size_t *ret_count);

/* control_apps.c */
void hy_sim_control_apps_put(struct hy_sim_control *c);
void hy_sim_control_apps_list(struct hy_sim_control *c);

/* control_templates.c */
void hy_sim_control_templates_add(struct hy_sim_control *c);
void hy_sim_control_templates_list(struct hy_sim_control *c);

/* control_people.c */
void hy_sim_control_users_add(struct hy_sim_control *c);
void hy_sim_control_users_list(struct hy_sim_control *c);
void hy_sim_control_login(struct hy_sim_control *c);
void hy_sim_control_forms(struct hy_sim_control *c);
void hy_sim_control_payments(struct hy_sim_control *c);

/* control_subscribe.c */
void hy_sim_control_subscribe(struct hy_sim_control *c);

/* push_settings.c: `push` keeps what was there for what has no usual value */
void hy_sim_control_push_read(struct hy_sim_control *c, const json_t *object,
                              struct hy_sim_push *push, bool *ret_verify);
void hy_sim_control_push_print(const struct hy_sim_push *push, struct hy_buf *out);

/* control_push.c. The second asks the server and, when it knows the token, gives `push` to `app`;
 * it answers by itself. */
void hy_sim_control_push(struct hy_sim_control *c);
void hy_sim_control_push_verify_then_set(struct hy_sim_control *c, struct hy_sim_app *app,
                                         const struct hy_sim_push *push);
void hy_sim_control_push_verify(struct hy_sim_control *c);
void hy_sim_control_pushes(struct hy_sim_control *c);

/* control_phone.c */
void hy_sim_control_phone(struct hy_sim_control *c);

/* control_world.c */
void hy_sim_control_faults_add(struct hy_sim_control *c);
void hy_sim_control_faults_remove(struct hy_sim_control *c);
void hy_sim_control_faults_list(struct hy_sim_control *c);
void hy_sim_control_clock(struct hy_sim_control *c);
void hy_sim_control_clock_advance(struct hy_sim_control *c);
void hy_sim_control_stats(struct hy_sim_control *c);
void hy_sim_control_reset(struct hy_sim_control *c);

#endif
