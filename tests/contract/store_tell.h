/*
 * store_tell.h - what the cases about counters and callbacks share: tells, events and reads in few
 * words. The window of all tells is a minute.
 */
#ifndef HY_TESTS_CONTRACT_STORE_TELL_H
#define HY_TESTS_CONTRACT_STORE_TELL_H

#include "store_rig.h"

enum { WINDOW = MINUTE };

/* One accept of template "T1" by `user`, told now, known by nothing. */
struct hy_deposit_item accept_item(const char *user, enum hy_source source);
/* Any other answer. */
struct hy_deposit_item answer_item(const char *user, enum hy_source source,
                                   enum hy_answer_kind answer);
/* The identity that this text stands for; at the tell's own instant. */
struct hy_deposit_item known_as(struct hy_deposit_item item, const char *identity);
const uint8_t *identity_of(const char *text);

/* Deposits it; returns what was added. */
int32_t tell(struct hy_deposit_item item);
int32_t tell_accept(const char *user, enum hy_source source, int64_t at_ms);
/* Turned off in the settings. */
void withdraw(const char *user, int64_t at_ms);

/* The user's counter of T1; ends the case when there is none. */
const struct hy_grant *counter_of(const char *user);
/* "left/total state" of it. */
const char *balance(const char *user);

/* A sent event about T1 with this msgid (0: not told), made now. `reason` null: delivered. Returns the
 * message that it moved. */
int64_t hear_sent(const char *user, int64_t msgid, const char *reason);
/* The verb with its usual arguments: without answers, without items. */
struct hy_hear heard(const char *user, const char *identity);
int hear(struct hy_hear *v);

struct hy_reach reach(const char *template_id, enum hy_template_kind kind);
struct hy_timeline_read *timeline(const char *user, size_t limit);

/* Claims the one that is due and settles it: OK with this msgid (0: none came), or no answer. */
void send_ok(int64_t msgid);
void send_lost(void);

/* post() and that; from now on the case expects events. */
struct hy_message *post_sent(const char *user, int64_t msgid);
struct hy_message *post_lost(const char *user);

/* How many rows it took. */
size_t tidy(size_t limit);

#endif
