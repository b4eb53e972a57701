/*
 * receiver.h - the endpoints of webhooks: what they were told, held until the test answers it.
 */
#ifndef HY_TESTS_UNIT_ENGINE_RECEIVER_H
#define HY_TESTS_UNIT_ENGINE_RECEIVER_H

#include "engine/webhooks.h"
#include "rig.h"

#define HOOK_URL "https://hooks.example.com/a"

enum { TOLD_MAX = 512, TOLD_TEXT_BYTES = 1024 };

struct told {
    char url[128], id[32], timestamp[32], signature[160];
    char body[TOLD_TEXT_BYTES];
    bool public_only, status_only;
    int64_t at_ms, timeout_ms;
    hy_httpc_done *done; /* null: answered */
    void *arg;
};

extern struct told told[TOLD_MAX];
extern size_t told_count;

/* A rig with an app, whose requests to anything but the platform are held here. */
void receiver_open(void);

/* Answers with a status; 0: the connection was refused. Then lets all happen that needs no time. */
void told_answer(struct told *one, int status);
/* All that wait, as often as new ones come of it; how many. */
size_t told_answer_all(int status);
/* Told and not answered. */
size_t told_waiting(void);

/* Moves the clock on in steps of what the engine asks for, and answers all by `status`. */
void receiver_pass(int64_t ms, int status);

/* Makes a webhook for `events` ("'message.failed'"); its id. The secret stays in `hook_secret`. */
int64_t hook_add(const char *url, const char *events);
extern char hook_secret[HY_WEBHOOK_SECRET_TEXT_BYTES];

/* As it is in the store; texts in rig.arena. */
struct hy_webhook hook_show(int64_t id);

/* 0, or why it was not done; faults in rig.faults. */
int hook_change(int64_t id, const char *body);
int hook_rotate(int64_t id, const char *secret, int64_t overlap_s);
void hook_enable(int64_t id);
int hook_remove(int64_t id);
int64_t hook_test(int64_t id);

/* A message that fails at once: its user never gave a permission. */
void fail_a_message(void);

#endif
