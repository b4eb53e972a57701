/*
 * world.h - a simulator on a free port and a caller that talks to it, for the tests of sim.
 *
 * Paths and bodies are printf formats. In a body ' stands for ", so that JSON can be read here.
 */
#ifndef HY_TESTS_SIM_WORLD_H
#define HY_TESTS_SIM_WORLD_H

#include "tap.h"

#include "base/http.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define APPID     "wx0000000000000001"
#define SECRET    "00000000000000000000000000000001"
#define LEGACY    "/cgi-bin/message/wxopen/template/send"
#define SUBSCRIBE "/cgi-bin/message/subscribe/send"

/* What the last call brought. `json` is null when the body is none. */
struct answer {
    enum hy_http_outcome outcome;
    int status;
    json_t *json;
    char text[65536];
    int64_t took_ms;
};
extern struct answer answer;

/* For simulators started from here on; 0: what the platform has. */
extern int world_push_timeout_ms, world_push_retry_ms;

/* A new simulator with seed 1. The first start of a process also makes the caller. */
void world_start(void);
void world_stop(void);
void world_stop_server(void); /* only the simulator: the caller goes on */
const char *world_address(void);

/* The answer's JSON, owned by `answer` until the next call. */
json_t *get(const char *path, ...) __attribute__((format(printf, 1, 2)));
json_t *post(const char *path, const char *body, ...) __attribute__((format(printf, 2, 3)));
json_t *del(const char *path, ...) __attribute__((format(printf, 1, 2)));

/* Sends the same request `count` times, up to `at_once` together, and returns how many answers
 * carried `errcode` (0: none or 0; -9: no answer). */
int post_many(int count, int at_once, int errcode, const char *path, const char *body, ...)
    __attribute__((format(printf, 5, 6)));
int get_many(int count, int at_once, int errcode, const char *path, ...)
    __attribute__((format(printf, 4, 5)));

/* Sends without waiting; wait_all() waits for the answers of all of these and returns how many
 * came.
 */
void begin_post(const char *path, const char *body, ...) __attribute__((format(printf, 2, 3)));
int wait_all(void);

/* Waits until /sim/stats shows `value` for `name`; false after ten seconds. */
bool wait_for_stat(const char *name, int64_t value);

/* The errcode of an answer, 0 when it carries none. */
int64_t code_of(const json_t *json);
const char *text_of(const json_t *json, const char *name); /* "" when absent */
int64_t int_of(const json_t *json, const char *name);      /* -999 when absent */

/* Steps that many tests begin with. The texts live until the next call of the same function. */
const char *new_token(void);
const char *new_user(void);
const char *new_form(const char *openid);
const char *new_payment(const char *openid);
const char *legacy_template(void);
void advance(int64_t seconds);
void next_day(void); /* to a minute after midnight in Shanghai */

#endif
