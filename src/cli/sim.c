/* hongyan sim: the simulator as a program. */
#include "sim/sim.h"

#include "base/err.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/signals.h"

#include <semaphore.h>
#include <stdio.h>

const struct hy_option hy_sim_options[] = {
    {.name = "listen",
     .value = "HOST:PORT",
     .fallback = "127.0.0.1:8090",
     .env = "HONGYAN_SIM_LISTEN",
     .help = "where to listen; port 0 is any free one"},
    {.name = "seed",
     .type = HY_OPTION_INT,
     .max = INT64_MAX,
     .env = "HONGYAN_SIM_SEED",
     .help = "of every id and chance, to repeat a run (default a new one each start)"},
    {.name = "control-open",
     .type = HY_OPTION_FLAG,
     .env = "HONGYAN_SIM_CONTROL_OPEN",
     .help = "answer /sim/ to other machines too; it has no key"},
    {0}};

static void stop(void *arg)
{
    sem_post(arg);
}

static int run(struct hy_cli *cli, sem_t *stopped)
{
    struct hy_sim_config config = {.listen = hy_args_text(&cli->args, "listen"),
                                   .seed = (uint64_t)hy_args_int(&cli->args, "seed"),
                                   .control_open = hy_args_flag(&cli->args, "control-open")};
    struct hy_sim *sim;
    int err = hy_sim_start(&config, &sim);

    if (err) {
        hy_fault("%s: %s", config.listen,
                 err == HY_E_INVALID ? "must be HOST:PORT, as in 127.0.0.1:8090"
                 : err == HY_E_BUSY  ? "something else listens there already"
                                     : hy_err_text(err));
        return err == HY_E_INVALID ? HY_EXIT_USAGE : HY_EXIT_FAILED;
    }
    printf("simulator: http://%s\n", hy_sim_address(sim));
    fflush(stdout);
    hy_log(HY_LOG_INFO, "sim.started", "address=%s seed=%llu", hy_sim_address(sim),
           (unsigned long long)hy_sim_seed(sim));
    while (sem_wait(stopped) != 0)
        ;
    hy_sim_stop(sim);
    return HY_EXIT_DONE;
}

int hy_sim_run(struct hy_cli *cli)
{
    struct hy_signals signals;
    sem_t stopped;
    int code;

    sem_init(&stopped, 0, 0);
    if (hy_signals_start(&signals, stop, &stopped) != 0) {
        hy_fault("cannot start a thread");
        return HY_EXIT_FAILED;
    }
    code = run(cli, &stopped);
    hy_signals_end(&signals);
    sem_destroy(&stopped);
    return code;
}
