/*
 * store_race.h - what the cases share in which two nodes of one store are told things at the same time.
 *
 *     static void a_case(void)
 *     {
 *         struct racer racers[RACERS];
 *
 *         race_open();
 *         race_start(what_each_does, racers, RACERS);    threads, turn about on the two nodes
 *         race_end(racers, RACERS);                      fails if a verb did
 *         ...                                            what has to be true now
 *     }
 *     RACE(a_case);
 */
#ifndef HY_TESTS_CONTRACT_STORE_RACE_H
#define HY_TESTS_CONTRACT_STORE_RACE_H

#include "store_tell.h"

#include <pthread.h>
#include <stdatomic.h>

enum { NODES = 2, RACERS = 6, USERS = 5, SHARED = 60 };

struct racer {
    pthread_t thread;
    struct hy_store *store;
    int number;
    struct hy_arena arena;
    unsigned random;
    struct hy_message_ids ids;
    int wrong;              /* verbs that failed */
    int64_t ids_of[SHARED]; /* what it was answered for what all of them tell */
    int news;               /* so many times it was the first */
};

/* Racers that have not ended; uses that were added, burned by sending, deleted by purges. */
extern atomic_int race_racing, race_given, race_spent, race_purged;

#define RACE(test) race_two_nodes(#test, test)
/* Runs a case on the rig's store, and closes the other one after it. */
void race_two_nodes(const char *name, void (*test)(void));
/* Opens the other one; both are nodes, the first holds the app. */
void race_open(void);

void race_start(void *(*run_racer)(void *), struct racer *racers, int count);
void race_end(struct racer *racers, int count);

/* For racers. */
int race_run(struct racer *r, struct hy_op *op, enum hy_verb verb);
int race_pick(struct racer *r, int below);
const char *race_user(struct hy_arena *arena, int user);
void race_deposit(struct racer *r, struct hy_deposit_item *items, size_t count);
struct hy_deposit_item race_receipt(const char *user, const char *credential);
/* An accept by the platform's event, at an instant of its own. */
struct hy_deposit_item race_accept(const char *user, int number, const uint8_t *identity);
const uint8_t *race_identity(struct racer *r, int who, int number);
/* Its msgid is the message's id. */
void race_settle(struct racer *r, const struct hy_claimed *c, enum hy_verdict verdict,
                 const char *errcode);

/* store_races_told.c */
void store_races_told_cases(void);

#endif
