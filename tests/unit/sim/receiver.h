/*
 * receiver.h - a developer's server that pushes go to, for the tests of sim: it keeps what came and
 * answers as it is told.
 */
#ifndef HY_TESTS_SIM_RECEIVER_H
#define HY_TESTS_SIM_RECEIVER_H

#include <jansson.h>
#include <stdbool.h>

enum { RECEIVED_MAX = 64, RECEIVED_BYTES = 8192 };

struct received {
    char method[8];
    char content_type[64];
    char body[RECEIVED_BYTES];
    char signature[64], timestamp[32], nonce[32], openid[64], echostr[64];
    char encrypt_type[16], msg_signature[64];
};

/* On a free port. The answer is 200 "success" until told otherwise. */
void receiver_start(void);
void receiver_stop(void);

/* "http://127.0.0.1:PORT/callback" */
const char *receiver_url(void);

/* What to answer from here on. `echo`: GET is answered with its echostr. */
void receiver_answer(int status, const char *body, bool echo);

/* From here on requests are kept waiting, until released, which answers those that wait too. */
void receiver_hold(void);
void receiver_release(void);

/* Waits until that many requests in all have come; the `index`th of them, from 0. Fails the test
 * after ten seconds. Valid until receiver_stop. */
const struct received *receiver_wait(int index);

/* How many came. */
int receiver_count(void);
void receiver_forget(void);

#endif
