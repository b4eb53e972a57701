/*
 * exchange.h - one request on a platform path, from its arrival to its answer.
 */
#ifndef HY_SIM_EXCHANGE_H
#define HY_SIM_EXCHANGE_H

struct hy_sim;
struct hy_httpd_request;

/* Judges, counts, lets faults strike, answers now or when a latency is over. */
void hy_sim_exchange_serve(struct hy_sim *sim, struct hy_httpd_request *req);

#endif
