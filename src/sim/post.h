/*
 * post.h - from an event to the bytes on the wire: JSON or XML, plain or sealed, signed.
 *
 * An event is a tree whose members are in the order that the platform writes them. For XML an array
 * is an element repeated, a text goes into CDATA, a number stands bare.
 */
#ifndef HY_SIM_POST_H
#define HY_SIM_POST_H

#include "base/json.h"
#include "sim/state.h"

/* Hands `tree` (whose reference it takes; null: out of memory) to the pusher, once and as often
 * more as the app's settings duplicate events. Without push set it does nothing. */
void hy_sim_post_event(struct hy_sim *sim, const struct hy_sim_app *app, const char *openid,
                       const char *event, json_t *tree, int64_t due_ms);

/* Appends the URL by which a server is asked whether it knows the token of `push`. */
void hy_sim_post_put_question(struct hy_sim *sim, const struct hy_sim_push *push,
                              const char *echostr, struct hy_buf *out);

/* Appends `tree` as an XML document, or as compact JSON. */
void hy_sim_post_write(const json_t *tree, bool xml, struct hy_buf *out);

/* Whether `name` may be an XML element. */
bool hy_sim_post_name_ok(const char *name);

#endif
