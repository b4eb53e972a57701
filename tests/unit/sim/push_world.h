/*
 * push_world.h - a simulator that pushes to the receiver: what the tests of push share.
 */
#ifndef HY_TESTS_SIM_PUSH_WORLD_H
#define HY_TESTS_SIM_PUSH_WORLD_H

#include "receiver.h"
#include "world.h"

#define TOKEN "hello"
#define KEY   "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

/* Made by push_begin: a token, a person, and two one-time templates with the field thing1. */
extern char push_token[200], push_openid[64], push_once[64], push_other[64], push_original_id[32];

/* Starts both. `push` are members for push_set; null: push is not set. */
void push_begin(const char *push);
void push_end(void);

/* Makes these things anew, as after a reset. */
void push_make_things(void);

/* Sets url, token, and the members of `more`, which begin with a comma or are "". */
void push_set(const char *more);

/* POST /sim/subscribe of the person; `choices` are members. */
void push_subscribe(const char *choices);
void push_accept(const char *tpl);

/* Sends push_once; returns the msgid, 0 when none came. */
int64_t push_send(void);

/* The push that /sim/pushes shows there. */
json_t *push_at(size_t index);

/* The CreateTime of what came. */
long long push_time(const struct received *r);

/* A formatted text with ' for ". Valid until the call after the next. */
const char *push_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
