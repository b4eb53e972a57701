/*
 * floor.h - what the libraries cost by themselves: the loops of bench/floor.c share these parts. No
 * rules, no checks, no retries; whatever is missing here and needed there is the program's own share.
 * A fault ends the process.
 */
#ifndef HY_BENCH_FLOOR_H
#define HY_BENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the process with `what` unless `ok`. */
void floor_must(bool ok, const char *what);

struct floor_cost {
    double cpu_us, wall_us;
};
struct floor_cost floor_now(void);
/* One line of JSON: what `count` messages have cost since then. */
void floor_print(const char *part, struct floor_cost since, double count);

/* --- messages: the texts stay with whoever made them ------------------------------------------ */

struct floor_message {
    struct floor_message *next;
    int64_t id, grant_id;
    bool sent;
    const char *user, *template_id, *data, *page, *tag, *credential;
    void *owner;
};

/* A list that grows at its end. */
struct floor_list {
    struct floor_message *first, **end;
    size_t count;
};
void floor_list_init(struct floor_list *list);
void floor_list_add(struct floor_list *list, struct floor_message *m);
/* Moves all of `from` to the end of `to`. */
void floor_list_move(struct floor_list *to, struct floor_list *from);

/* --- floor_store.c: SQLite, the writer's thread only ------------------------------------------ */

struct floor_store;

struct floor_store *floor_store_open(const char *path);
void floor_store_close(struct floor_store *s);
void floor_store_begin(struct floor_store *s);
void floor_store_commit(struct floor_store *s);
void floor_store_grant(struct floor_store *s, const char *user, const char *credential);
/* Inserts it, due at once, and reserves the user's grant; gives it an id. */
void floor_store_admit(struct floor_store *s, struct floor_message *m);
/* Up to `max` due messages, marked as sending, as new copies: free() each. */
void floor_store_claim(struct floor_store *s, size_t max, struct floor_list *claimed);
/* The outcome, its attempt, and the grant, which is used up. */
void floor_store_settle(struct floor_store *s, const struct floor_message *m);

/* --- floor_send.c: libcurl, one thread but for the wake ---------------------------------------- */

struct floor_sender;
typedef void floor_answered(struct floor_message *m, void *arg); /* m->sent says what it was */

/* `ca_file` may be null. */
struct floor_sender *floor_sender_new(const char *url, const char *ca_file,
                                      floor_answered *answered, void *arg);
void floor_sender_free(struct floor_sender *s);
void floor_sender_post(struct floor_sender *s, struct floor_message *m);
void floor_sender_turn(struct floor_sender *s, int wait_ms);
void floor_sender_wake(struct floor_sender *s);

/* --- floor_http.c: libmicrohttpd, its own thread ------------------------------------------------ */

struct floor_request {
    struct floor_request *next;
    struct MHD_Connection *connection;
    char *body;
    size_t size;
    size_t open;        /* messages that are not stored yet: the user's own */
    const char *answer; /* static, or freed with the request when `own` */
    char *own;
    bool resumed;
    void *user;
};
/* On the server's thread, the body is whole. Later, from any thread: floor_http_answer(). */
typedef void floor_take(struct floor_request *r, void *arg);
/* On the server's thread, before it is freed. */
typedef void floor_over(struct floor_request *r);

/* On a free port of loopback, which it prints as "listening: URL". */
void floor_http_start(floor_take *take, floor_over *over, void *arg);
void floor_http_answer(struct floor_request *r, const char *text);

/* Lines "USER FORM_ID TEMPLATE" of standard input, as one array. */
struct floor_message *floor_read_messages(size_t *ret_count);

/* --- parts -------------------------------------------------------------------------------------- */

void floor_part_store(int argc, char **argv); /* PATH COUNT */
void floor_part_send(int argc,
                     char **argv); /* URL UNDERWAY [CA]; users and form_ids on standard input */
void floor_part_json(int argc, char **argv);  /* FILE COUNT */
void floor_part_http(int argc, char **argv);  /* nothing; serves until it is ended */
void floor_part_whole(int argc, char **argv); /* PATH URL [CA]; serves */
/* The same as http, send, json, by the program's own faces. */
void floor_part_own_http(int argc, char **argv);
void floor_part_own_send(int argc, char **argv);
void floor_part_own_json(int argc, char **argv);

#endif
