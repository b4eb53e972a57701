/*
 * client.h - calls the whole API in one process: the real engine on a memory store, the clock and
 * the network of tests/scenario/world.h, no sockets.
 *
 *   client_start();
 *   client_call("POST", "/v1/apps", "{...}");
 *   CHECK_INT(client_status(), 201);
 *   CHECK_TEXT(client_at("status.token.failures"), "0");
 *   client_stop();
 */
#ifndef HY_TESTS_API_CLIENT_H
#define HY_TESTS_API_CLIENT_H

#include "fake_httpd.h"
#include "scenario/world.h"

#include <jansson.h>

#define CLIENT_APP      "wx0000000000000001"
#define CLIENT_SECRET   "00000000000000000000000000000001"
#define CLIENT_USER     "oUser0000000000000000000000a"
#define CLIENT_TEMPLATE "TM00000000000000000000000000000000000000001"
#define CLIENT_FORM_ID  "0123456789abcdef0123456789abcdef"

extern struct world client_world;

void client_start(void); /* with an admin key, which every call shows */
void client_stop(void);

/* The same on another store. */
struct hy_backend_ops;
void client_start_on(const struct hy_backend_ops *ops, const char *path);

/* Called before and after the server's own code runs for a call; null: nothing. */
void client_around(void (*before)(void), void (*after)(void));

/* Before client_start(): this address is a trusted proxy; null: none. */
void client_trust_proxy(const char *address);

/* Adds the app CLIENT_APP. */
void client_add_app(void);

/* The key of the next calls: null for none. */
void client_use_key(const char *key);
const char *client_admin_key(void);

/* A header of the next call only. */
void client_header(const char *name, const char *value);

/* What the platform answers to sends from now on; tokens always work. Null: nothing, the requests
 * stay under way. */
void client_platform(const char *body);

/* The same for requests whose URL has this part, before all others; null: no more. Up to 8. */
void client_platform_at(const char *part, const char *body);

/* One call to its end. The target's query is taken as it is, "a=b&c=d", with %XX decoded. */
void client_call(const char *method, const char *target, const char *body);

/* The same in pieces, for one that waits for a request which the test answers itself. */
void client_call_begin(const char *method, const char *target, const char *body);
void client_call_turn(void);
void client_call_finish(void);

/* As client_call() for bytes of any kind. */
void client_call_bytes(const char *method, const char *target, const char *body, size_t size);

/* Bodies that come in pieces have pieces of so many bytes from now on; 0: one for all. */
void client_pieces(size_t bytes);

/* The peer has gone by the time the first verb is done. */
void client_call_gone(const char *method, const char *target, const char *body);

/* --- the last answer -------------------------------------------------------------------------- */

int client_status(void);
const char *client_text(void);
const char *client_type(void);
const char *client_answer_header(const char *name);

/* The value at a dotted path ("errors.0.field") as text; numbers in digits, true, false, null as
 * words, objects and arrays as their size; null when there is none. Good until the next call. */
const char *client_at(const char *path);

/* Index of the first of `errors` that names this field, as "errors.N", or null. */
const char *client_error(const char *field);

#endif
