#include "sim/sim.h"

#include "base/clock.h"
#include "base/err.h"
#include "net/httpd.h"
#include "sim/alarm.h"
#include "sim/control.h"
#include "sim/exchange.h"
#include "sim/pusher.h"
#include "sim/state.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char default_listen[] = "127.0.0.1:8090";
enum { BODY_MAX_BYTES = 64 << 20, CONNECTIONS_MAX = 30000, STOP_WAIT_US = 1000000 };

static void serve(struct hy_httpd_request *req, void *arg)
{
    const char *path = hy_httpd_path(req);

    if (strncmp(path, "/sim", 4) == 0 && (path[4] == '/' || path[4] == 0))
        hy_sim_control_serve(arg, req);
    else
        hy_sim_exchange_serve(arg, req);
}

static int listen_on(struct hy_sim *sim, const struct hy_sim_config *from)
{
    const struct hy_httpd_config config = {
        .listen = from->listen ? from->listen : default_listen,
        .tls_cert = from->tls_cert,
        .tls_key = from->tls_key,
        .body_max_bytes = BODY_MAX_BYTES,
        .connections_max = CONNECTIONS_MAX,
        .handler = serve,
        .arg = sim,
    };

    return hy_httpd_start(&config, &sim->httpd);
}

int hy_sim_start(const struct hy_sim_config *config, struct hy_sim **ret_sim)
{
    const struct hy_sim_pusher_config pushes = {.timeout_ms = config->push_timeout_ms,
                                                .retry_ms = config->push_retry_ms};
    struct hy_sim *sim = calloc(1, sizeof *sim);
    int err;

    if (!sim)
        return HY_E_NOMEM;
    sim->control_open = config->control_open;
    err = hy_sim_state_init(sim, config->seed);
    if (!err)
        err = hy_sim_pusher_start(&pushes, &sim->pusher);
    if (!err)
        err = hy_sim_alarm_start(&sim->alarm);
    if (!err)
        err = listen_on(sim, config);
    if (err)
        hy_sim_stop(sim);
    else
        *ret_sim = sim;
    return err;
}

const char *hy_sim_address(const struct hy_sim *sim)
{
    return hy_httpd_address(sim->httpd);
}

uint64_t hy_sim_seed(const struct hy_sim *sim)
{
    return sim->seed;
}

/* A peer that does not read its answer is not waited for for ever. */
static void let_answers_out(struct hy_sim *sim)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    int64_t give_up_us = hy_clock_mono_us() + STOP_WAIT_US;

    while (hy_httpd_busy(sim->httpd) && hy_clock_mono_us() < give_up_us)
        nanosleep(&moment, NULL);
}

/* Alarm and pusher before the server: it stops only when nothing is deferred any more, and once
 * these are quiet they make nothing wait. */
void hy_sim_stop(struct hy_sim *sim)
{
    if (!sim)
        return;
    if (sim->httpd)
        hy_httpd_quiesce(sim->httpd);
    if (sim->alarm)
        hy_sim_alarm_quiesce(sim->alarm);
    if (sim->pusher)
        hy_sim_pusher_stop(sim->pusher);
    if (sim->httpd)
        let_answers_out(sim);
    hy_httpd_stop(sim->httpd);
    hy_sim_alarm_free(sim->alarm);
    hy_sim_pusher_free(sim->pusher);
    hy_sim_state_deinit(sim);
    free(sim);
}
