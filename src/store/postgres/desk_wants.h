/*
 * desk_wants.h - the insides of the desk, for the files that are its kinds of records: what is wanted,
 * how a kind reads it, and where it keeps what it needs until the end of the transaction.
 *
 * A kind's load, in short:
 *
 *     static void load(struct hy_pg *pg, const struct hy_desk_wants *wants)
 *     {
 *         struct hy_pg_args *args = hy_pg_args(pg->link);
 *
 *         if (hy_desk_put_users(args, wants, HY_DESK_LISTS) > 0)      two arrays: app_no, "user"
 *             hy_pg_queue(pg->link, &early_of_users, read_early, pg);
 *     }
 *
 *     SELECT ... FROM unnest($1::int8[], $2::text[]) AS u (app_no, name) JOIN early e ON
 *     e.app_no = u.app_no AND e."user" = u.name
 *
 * and its read makes the records: hy_mem_user(&pg->desk, app_no, name) is there for every user that is
 * wanted. It may want more (hy_desk_want_...): that is fetched in a further round before hy_desk_fetch()
 * returns.
 *
 * Each user, message, key is wanted once: there is no need to look whether a record is there already,
 * except for messages and grants, which come by several ways (desk_messages.c and desk_grants.c look).
 */
#ifndef HY_STORE_POSTGRES_DESK_WANTS_H
#define HY_STORE_POSTGRES_DESK_WANTS_H

#include "store/postgres/postgres.h"

/* What a kind loads for a user, besides HY_DESK_TELLS and HY_DESK_HEARD. */
enum {
    HY_DESK_GRANTS = 8,
    HY_DESK_OVER = 64, /* the newest of the receipts that are over: why there is none */
    HY_DESK_LISTS = 16 /* messages in its lists, awaited events, what came early */
};

/* A user on the desk; hy_mem_user.desk. */
struct hy_desk_user {
    struct hy_mem_user *user;
    unsigned wanted, there; /* parts; there: here, or about to be */
    unsigned loading;       /* of the round under way */
    bool locked;
    struct hy_vector grants; /* hy_desk_grant: as they are stored */
    /* desk_messages.c: parked ones up to this place are here. */
    int64_t parked_due_ms, parked_id;
    bool parked_all;
    int64_t parked_piece;
};

/* What is stored of a grant; hy_mem_grant.stored. */
struct hy_desk_grant {
    struct hy_grant before;     /* texts in the desk's arena; no credential */
    struct hy_mem_grant *grant; /* may be gone: hy_mem_grant_delete() */
};

struct hy_desk_key {
    uint8_t key[HY_FINGERPRINT_BYTES];
    int64_t at_ms, window_ms; /* as wanted */
    int64_t used_at_ms;       /* of the one that is stored; 0 = there is none */
};

struct hy_desk_credential {
    int64_t app_no;
    const char *text;
};

struct hy_desk_identity {
    int64_t app_no;
    uint8_t bytes[HY_IDENTITY_BYTES];
    int64_t at_ms;
};

struct hy_desk_span { /* of answers */
    int64_t app_no;
    const char *user, *template_id;
    int64_t from_ms, to_ms;
};

/* Everything here is in the desk's arena and is wanted for the first time. */
struct hy_desk_wants {
    struct hy_vector users;    /* hy_desk_user: `loading` says which parts */
    struct hy_vector messages; /* int64_t: ids; of users that are locked when it is read */
    struct hy_vector fresh;    /* int64_t: ids of which it is only asked whether they are taken */
    struct hy_vector grants;   /* int64_t: ids; of users that are locked */
    struct hy_vector keys;     /* hy_desk_key */
    struct hy_vector credentials; /* hy_desk_credential */
    struct hy_vector identities;  /* hy_desk_identity */
    struct hy_vector spans;       /* hy_desk_span */
    size_t events;                /* that may be stored: so many ids */
    struct hy_vector unplaced;    /* desk.c: messages whose user isn't known */
    bool apps;                    /* some are to be locked as a whole: hy_desk_want_whole() */
};

/* Two arrays, app_no and name, of the users of whom that part is to be loaded; how many. */
size_t hy_desk_put_users(struct hy_pg_args *args, const struct hy_desk_wants *wants, unsigned part);
/* One array. */
size_t hy_desk_put_ids(struct hy_pg_args *args, const struct hy_vector *ids);

/* --- what is kept until the transaction ends, or the desk is put away --------------------------- */

/* Who keeps something: each has a pointer of its own, null in the beginning. What it points to is in the
 * desk's arena, or freed by the kind's clear. */
enum hy_desk_keeper {
    HY_DESK_KEEPS_LANES,
    HY_DESK_KEEPS_KEYS,
    HY_DESK_KEEPS_TALLY,
    HY_DESK_KEEPS_ANSWERS,
    HY_DESK_KEEPS_EVENTS,
    HY_DESK_KEEPS_HEARD,
    HY_DESK_KEEPS_OUTCOMES,
    HY_DESK_KEEPS_BROADCASTS,
    HY_DESK_KEEPERS
};

struct hy_desk {
    struct hy_arena arena;
    struct hy_desk_wants wants; /* of the next fetch */
    struct hy_map ids;          /* message id -> hy_desk_id: those that were wanted */
    struct hy_map seen;         /* (kind of want, bytes) -> not null: keys, credentials, ... */
    struct hy_map apps; /* app_no -> hy_desk_app: which locks are held; stays when it is put away */
    size_t user_locks;  /* held, or queued, one by one */
    size_t claim_locks; /* that claims got beside them */
    bool late;          /* gather is over: desk_lock.c */
    bool shortly;       /* hy_desk_wait_shortly() was called */
    struct hy_vector users; /* hy_desk_user */
    int error;              /* of something that could not tell it */
    void *kept[HY_DESK_KEEPERS];

    struct hy_vector ahead; /* desk_ahead.c: of the transaction that is run again */

    /* Of the node, not of a transaction: desk_hints.c; ids that sequences gave and nobody got yet. */
    struct hy_map hints;
    struct hy_desk_block {
        int64_t next, end;
    } blocks[HY_MEM_IDS];
    /* Those of events, which were got one by one so that they grow over all nodes: in order. */
    int64_t *event_ids;
    size_t event_at, event_count, event_capacity;
};

/* Zeroed, until the desk is cleared or put away. Never null (as in the memory backend, running out of
 * memory ends the process). */
void *hy_desk_alloc(struct hy_pg *pg, size_t bytes);
const char *hy_desk_text(struct hy_pg *pg, const char *text); /* a copy; null for null */
/* What the keeper keeps: made, zeroed, when it is asked for first. */
void *hy_desk_kept(struct hy_pg *pg, enum hy_desk_keeper keeper, size_t bytes);

/* The user if it is on the desk, or null. */
struct hy_desk_user *hy_desk_user(struct hy_pg *pg, int64_t app_no, const char *user);
/* As hy_desk_want_message(), of one whose user is known: no round trip to find it out. `locked`: that
 * user's lock was got otherwise. */
void hy_desk_want_message_of(struct hy_pg *pg, int64_t id, int64_t app_no, const char *user,
                             unsigned parts, bool locked);
/* True when it was wanted before: what the desk has (or hasn't) of it is the truth. */
bool hy_desk_has_message(struct hy_pg *pg, int64_t id);
/* It is locked as a whole, or is to be: so many of its users are wanted. */
bool hy_desk_app_is_whole(struct hy_pg *pg, int64_t app_no);
/* It was locked otherwise, as that says. */
void hy_desk_note_app(struct hy_pg *pg, int64_t app_no);
void hy_desk_want_over(struct hy_pg *pg, struct hy_desk_user *user); /* HY_DESK_OVER */
void hy_desk_want_grant(struct hy_pg *pg, int64_t id);
/* One more event may be stored: its id comes with the fetch, not by a round trip of its own. */
void hy_desk_want_event(struct hy_pg *pg);
/* Queues the statement that gets ids for so many more than there are. */
void hy_desk_load_event_ids(struct hy_pg *pg, size_t needed);
/* A hook could not do its work: hy_desk_result() tells. */
void hy_desk_fail(struct hy_pg *pg, int error);

/* --- desk_lock.c, desk_ahead.c, desk_want.c ------------------------------------------------------- */

/* Queues what locks those who aren't yet; drain says HY_E_BUSY if that would be to wait out of order. The
 * vector stays until then. */
void hy_desk_lock_users(struct hy_pg *pg, const struct hy_vector *users);
void hy_desk_want_whole(struct hy_pg *pg, int64_t app_no);
/* She was locked by a claim. */
void hy_desk_note_locked(struct hy_pg *pg, struct hy_desk_user *user);
/* How many more claims may lock in this transaction. */
size_t hy_desk_room_to_claim(const struct hy_pg *pg);
/* The next try waits for them first; null: for the app as a whole. */
void hy_desk_note_ahead(struct hy_pg *pg, int64_t app_no, const char *user);
void hy_desk_want_ahead(struct hy_pg *pg);
/* There is no next try: a transaction was committed. */
void hy_desk_forget_ahead(struct hy_pg *pg);
/* The transaction is over. */
void hy_desk_forget_locks(struct hy_pg *pg);
/* As wanted with the message. */
unsigned hy_desk_parts_wanted(struct hy_pg *pg, int64_t id);

/* --- desk_hints.c: whose messages are ------------------------------------------------------------ */

void hy_desk_note_hint(struct hy_pg *pg, const struct hy_message *m);
/* As hy_desk_want_message(), if it is known whose it is. */
bool hy_desk_use_hint(struct hy_pg *pg, int64_t id, unsigned parts);
void hy_desk_forget_hints(struct hy_pg *pg);

/* --- desk_lanes.c: what is due ------------------------------------------------------------------- */

/* Wants what a claim of these lanes will look at first: one statement for all of them. The users' locks
 * are got as far as nobody else has them; what others hold is passed over. */
int hy_desk_want_due(struct hy_pg *pg, const struct hy_claim_lane *lanes, size_t count,
                     int64_t now_ms);
/* True when something due of the lane was passed over. */
bool hy_desk_passed_over(struct hy_pg *pg, const struct hy_claim_lane *lane);

/* --- desk_lanes.c, desk_messages.c, desk_broadcasts.c, desk_ids.c: the hooks that the moves ask ----- */

extern const struct hy_mem_hooks hy_desk_hooks;
bool hy_desk_due(struct hy_backend *b, const struct hy_claim_lane *lane, int64_t now_ms);
int64_t hy_desk_due_elsewhere(struct hy_backend *b, const struct hy_claim_lane *lane);
void hy_desk_missing(struct hy_backend *b, struct hy_mem_user *user);
void hy_desk_parked(struct hy_backend *b, struct hy_mem_user *user);
bool hy_desk_held(struct hy_backend *b, int64_t broadcast_id);
int64_t hy_desk_next_id(struct hy_backend *b, enum hy_mem_id which);

/* Counts the changes of the user's grants for `reach`: those in user->user->grants against those in
 * user->grants. Called before the latter become what is stored. */
void hy_desk_reach_changed(struct hy_pg *pg, const struct hy_desk_user *user);

#endif
