/*
 * store_player.h - plays random moves on a store: every verb with random arguments, among few apps
 * and users, so that they get into each other's way. What a move answered is written out as text.
 */
#ifndef HY_TESTS_CONTRACT_STORE_PLAYER_H
#define HY_TESTS_CONTRACT_STORE_PLAYER_H

#include "store_rig.h"

#include "base/buf.h"

/* Those that only broadcasts know come after the others. */
enum { USERS = 5, BULK_USERS = 6 };
enum { HEARD_MAX = 8, SENT_MAX = 12, TOLD_MAX = 60, HELD_MAX = 1000 };
enum { APPS = 2, FLIGHTS_MAX = 200, IDS_MAX = 5000, GRANTS_MAX = 100000 };

struct player {
    struct hy_store *store;
    struct hy_arena arena; /* of one move */
    struct hy_arena keep;  /* of the whole game */
    struct hy_buf out;     /* what the move answered */
    uint64_t random;
    int64_t start_ms;
    int64_t now_ms;
    struct hy_message_ids ids;
    int64_t apps[APPS];
    int app_names;
    int credentials;
    int schedules;
    struct hy_claimed *flights[FLIGHTS_MAX];
    size_t flight_count;
    int64_t known[IDS_MAX];
    size_t known_count;
    struct hy_message sent[SENT_MAX]; /* the last ones that were settled; texts live on */
    size_t sent_count;
    int64_t msgids; /* given out so far: 1, 2, ... */
    int64_t events; /* things that were told, each with an identity of its own */
    struct hy_hear *heard[HEARD_MAX];
    size_t heard_count;
    int burned[GRANTS_MAX];               /* uses that were burned, by grant id */
    int64_t broadcasts, webhooks;         /* made so far: their ids are 1, 2, ... */
    struct hy_outbox_item told[TOLD_MAX]; /* the last outcomes that were claimed */
    size_t told_count;
};

void player_init(struct player *p, struct hy_store *store, uint64_t seed);
void player_deinit(struct player *p);

/* Each writes what came of it into p->out. */
void player_move(struct player *p);
void player_check(struct player *p); /* ends the case when the store finds something */
void player_look(struct player *p);  /* at everything there is */

/* --- for the player's own files --------------------------------------------------------------- */

uint64_t player_pick(struct player *p, uint64_t below);
bool player_chance(struct player *p, unsigned percent);
const char *player_user(struct player *p);
/* Runs the verb and writes down its result. */
int player_run(struct player *p, struct hy_op *op, enum hy_verb verb, const char *name);

void player_move_deposit(struct player *p);
void player_move_hear(struct player *p);
void player_move_look(struct player *p);

/* store_player_bulk.c: broadcasts. `held` has room for HELD_MAX; how many there are. */
void player_move_broadcast(struct player *p);
size_t player_held(struct player *p, int64_t *held);
void player_look_at_broadcasts(struct player *p);
struct hy_broadcast_make *player_random_make(struct player *p);
void player_print_make(struct player *p, const struct hy_broadcast_make *make);

/* store_player_told.c: webhooks and their outbox. */
void player_move_webhook(struct player *p);
void player_move_outbox(struct player *p);
void player_look_at_webhooks(struct player *p);

/* store_player_keep.c: retries, dead letters, and what is kept for how long. */
void player_move_again(struct player *p);
void player_move_keep(struct player *p);
void player_look_at_audits(struct player *p);

#endif
