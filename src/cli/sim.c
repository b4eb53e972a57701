/* hongyan sim: the simulator as a program. */
#include "sim/sim.h"

#include "base/err.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/signals.h"
#include "cli/textfile.h"

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
    {.name = "tls-cert",
     .value = "FILE",
     .env = "HONGYAN_SIM_TLS_CERT",
     .help = "answer HTTPS, with the certificate (PEM, its chain behind it) in this file"},
    {.name = "tls-key",
     .value = "FILE",
     .env = "HONGYAN_SIM_TLS_KEY",
     .help = "the key (PEM) of --tls-cert"},
    {.name = "control-open",
     .type = HY_OPTION_FLAG,
     .env = "HONGYAN_SIM_CONTROL_OPEN",
     .help = "answer /sim/ to other machines too; it has no key"},
    {0}};

static void stop(void *arg)
{
    sem_post(arg);
}

/* Certificate and key, when they are given. */
static int read_tls(struct hy_cli *cli, struct hy_sim_config *config)
{
    const struct hy_value *cert = hy_args_get(&cli->args, "tls-cert");
    const struct hy_value *key = hy_args_get(&cli->args, "tls-key");

    if (!cert->text && !key->text)
        return HY_EXIT_DONE;
    if (!cert->text || !key->text) {
        hy_fault("%s: needs --tls-%s, too", (cert->text ? cert : key)->from,
                 cert->text ? "key" : "cert");
        return HY_EXIT_USAGE;
    }
    config->tls_cert = hy_cli_read_file(cli, cert, cert->text);
    config->tls_key = config->tls_cert ? hy_cli_read_file(cli, key, key->text) : NULL;
    return config->tls_key ? HY_EXIT_DONE : HY_EXIT_FAILED;
}

static int fault(const struct hy_sim_config *config, int err)
{
    hy_fault("%s: %s", config->listen,
             err == HY_E_INVALID  ? "must be HOST:PORT, as in 127.0.0.1:8090"
             : err == HY_E_BUSY   ? "something else listens there already"
             : err == HY_E_DENIED ? "--tls-cert and --tls-key are no certificate and its key"
                                  : hy_err_text(err));
    return err == HY_E_INVALID ? HY_EXIT_USAGE : HY_EXIT_FAILED;
}

static int run(struct hy_cli *cli, sem_t *stopped)
{
    struct hy_sim_config config = {.listen = hy_args_text(&cli->args, "listen"),
                                   .seed = (uint64_t)hy_args_int(&cli->args, "seed"),
                                   .control_open = hy_args_flag(&cli->args, "control-open")};
    struct hy_sim *sim;
    int err, code = read_tls(cli, &config);

    if (code != HY_EXIT_DONE)
        return code;
    err = hy_sim_start(&config, &sim);
    if (err)
        return fault(&config, err);
    printf("simulator: %s://%s\n", config.tls_cert ? "https" : "http", hy_sim_address(sim));
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
