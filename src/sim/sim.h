/*
 * sim.h - a WeChat platform of one's own: its server API as publicly documented, for work offline,
 * for tests and as the other end of benchmarks.
 *
 * One listener answers WeChat's own paths (/cgi-bin/..., /sns/...), the control side (/sim/...), on
 * which a test plays the people and the accidents, and /sim/, a page that draws a phone. All state
 * is in memory and belongs to the listener's thread, so a simulator can run inside any process that
 * ignores SIGPIPE. Events are pushed from a thread of their own (sim/pusher.h).
 *
 *   struct hy_sim *sim;
 *   int err = hy_sim_start(&(struct hy_sim_config){.listen = "127.0.0.1:0", .seed = 1}, &sim);
 *   ... hy_sim_address(sim) ...
 *   hy_sim_stop(sim);
 *
 * The simulator judges the rest of the program, so it shares no code with what it judges: base, net
 * and OpenSSL are all it uses.
 */
#ifndef HY_SIM_SIM_H
#define HY_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

struct hy_sim;

/* The app that exists at start and after every reset. */
#define HY_SIM_FIRST_APPID  "wx0000000000000001"
#define HY_SIM_FIRST_SECRET "00000000000000000000000000000001"

struct hy_sim_config {
    const char *listen;             /* null: "127.0.0.1:8090"; port 0 = any free one */
    uint64_t seed;                  /* of every id, token and chance; 0: a new one each start */
    bool control_open;              /* /sim/ answers peers beyond loopback too */
    const char *tls_cert, *tls_key; /* PEM texts, both or neither: HTTPS */
    int push_timeout_ms;            /* of a try to push; 0: 5000, as the platform has it */
    int push_retry_ms;              /* from one try to the next; 0: 1000 */
};

/* Starts listening. HY_E_INVALID (listen is not host:port), HY_E_BUSY (address in use), HY_E_DENIED
 * (certificate and key are none, or do not fit each other), HY_E_IO, HY_E_NOMEM. */
int hy_sim_start(const struct hy_sim_config *config, struct hy_sim **ret_sim);

/* "127.0.0.1:8090" with the real port; lives as long as the simulator. */
const char *hy_sim_address(const struct hy_sim *sim);

/* The seed in use, so that a run can be repeated. */
uint64_t hy_sim_seed(const struct hy_sim *sim);

/* Answers that a latency still holds back are sent at once; frees all. Null is legal. */
void hy_sim_stop(struct hy_sim *sim);

#endif
