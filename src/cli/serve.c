/* hongyan serve: the server as a program. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "cli/client.h"
#include "cli/server.h"
#include "engine/nodes.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* The longest wait of the loop: so soon a step of the machine's clock is noticed. */
enum { TURN_MAX_MS = 1000, DRAIN_TURN_MS = 20, CUT_AFTER_US = 1000000 };
/* For what the store has still to write when the drain is over. */
enum { STORE_LAST_US = 10000000 };

static const char *const log_levels[] = {"debug", "info", "warn", "error", "none", NULL};

const char hy_serve_details[] =
    "Stores: sqlite:PATH for one server; postgresql://USER:PASSWORD@HOST/DATABASE for several, "
    "which\n"
    "share the work (give it as HONGYAN_STORE: others on the machine can read a command line); or\n"
    "memory: for trials, which forgets everything. The secrets in a store are locked with the "
    "master\n"
    "key; without it they are lost, so back it up, apart from the store. All servers of a store "
    "in\n"
    "PostgreSQL need a copy of it.\n"
    "\n"
    "When it is ready it prints one line, `listening: http://HOST:PORT`. The first start without\n"
    "HONGYAN_ADMIN_KEY makes an admin key and prints it, once.\n"
    "\n"
    "SIGTERM or SIGINT: no new requests, what is under way is finished and on disk, exit code 0. "
    "A\n"
    "second one ends the process at once with code 1; nothing that was accepted is lost by that.";

/* clang-format off */
#define KEEP(flag, variable, days, says)                                                           \
    {                                                                                              \
        .name = flag, .type = HY_OPTION_INT, .fallback = days, .max = 36500, .unit = "days",       \
        .env = variable, .help = says                                                              \
    }
/* clang-format on */

const struct hy_option hy_serve_options[] = {
    {.name = "listen",
     .value = "HOST:PORT",
     .fallback = "127.0.0.1:8080",
     .env = "HONGYAN_LISTEN",
     .help = "where to listen; port 0 is any free one"},
    {.name = "store",
     .value = "KIND:PATH",
     .fallback = "sqlite:hongyan.db",
     .env = "HONGYAN_STORE",
     .help = "where everything is kept"},
    {.name = "wechat-url",
     .value = "URL",
     .fallback = "https://api.weixin.qq.com",
     .env = "HONGYAN_WECHAT_URL",
     .help = "the platform's server API; a simulator's address for trials"},
    {.name = "ca-file",
     .value = "FILE",
     .env = "HONGYAN_CA_FILE",
     .help = "certificates (PEM) of authorities that count beside the system's, for the platform "
             "and webhooks"},
    {.name = "master-key-file",
     .value = "FILE",
     .env = "HONGYAN_MASTER_KEY_FILE",
     .help =
         "holds the key that locks secrets at rest; made with mode 0600 for a new store "
         "(default: the SQLite file's name and .key; PostgreSQL needs it, the same for all nodes)"},
    {.name = "node-name",
     .value = "NAME",
     .env = "HONGYAN_NODE_NAME",
     .help =
         "what this node is called where several share a store (default: the machine's name and "
         "where it listens)"},
    {.name = "lease-s",
     .type = HY_OPTION_INT,
     .fallback = "6",
     .min = 3,
     .max = 300,
     .unit = "seconds",
     .env = "HONGYAN_LEASE_S",
     .help = "how long a node of a shared store counts as alive without a sign of life; the others "
             "take over after that"},
    {.name = "admin-key",
     .env = "HONGYAN_ADMIN_KEY",
     .env_only = true,
     .help = "the admin key, 16 or more characters; each start makes it the one with this name"},
    {.name = "log-level",
     .type = HY_OPTION_CHOICE,
     .choices = log_levels,
     .fallback = "info",
     .env = "HONGYAN_LOG_LEVEL",
     .help = "lines on standard error from this level on"},
    {.name = "idempotency-window-s",
     .type = HY_OPTION_INT,
     .fallback = "86400",
     .min = 86400,
     .max = 2592000,
     .unit = "seconds",
     .env = "HONGYAN_IDEMPOTENCY_WINDOW_S",
     .help = "how long a message's key is remembered at least"},
    {.name = "body-max-bytes",
     .type = HY_OPTION_INT,
     .fallback = "8388608",
     .min = 1024,
     .max = 1 << 30,
     .unit = "bytes",
     .env = "HONGYAN_BODY_MAX_BYTES",
     .help = "the largest request body"},
    {.name = "trusted-proxy",
     .type = HY_OPTION_WORDS,
     .value = "ADDRESS",
     .env = "HONGYAN_TRUSTED_PROXY",
     .help = "a proxy whose X-Forwarded-For is believed: its last address counts as the caller's"},
    {.name = "connections-max",
     .type = HY_OPTION_INT,
     .fallback = "8192",
     .min = 1,
     .max = 1000000,
     .env = "HONGYAN_CONNECTIONS_MAX",
     .help = "open connections of clients at most"},
    {.name = "idle-timeout-s",
     .type = HY_OPTION_INT,
     .fallback = "60",
     .min = 1,
     .max = 86400,
     .unit = "seconds",
     .env = "HONGYAN_IDLE_TIMEOUT_S",
     .help = "a client's silent connection is closed after this"},
    {.name = "connect-timeout-ms",
     .type = HY_OPTION_INT,
     .fallback = "3000",
     .min = 1,
     .max = 600000,
     .unit = "milliseconds",
     .env = "HONGYAN_CONNECT_TIMEOUT_MS",
     .help = "how long reaching the platform may take"},
    {.name = "request-timeout-ms",
     .type = HY_OPTION_INT,
     .fallback = "10000",
     .min = 1,
     .max = 600000,
     .unit = "milliseconds",
     .env = "HONGYAN_REQUEST_TIMEOUT_MS",
     .help = "how long a request to the platform may take in all; its answer counts as lost then"},
    {.name = "platform-connections-max",
     .type = HY_OPTION_INT,
     .fallback = "2048",
     .min = 1,
     .max = 100000,
     .env = "HONGYAN_PLATFORM_CONNECTIONS_MAX",
     .help = "open connections to the platform at most, less where descriptors are few"},
    {.name = "allow-private-webhooks",
     .type = HY_OPTION_FLAG,
     .env = "HONGYAN_ALLOW_PRIVATE_WEBHOOKS",
     .help = "let webhooks be http, and lead to this machine and its network"},
    KEEP("keep-messages-d", "HONGYAN_KEEP_MESSAGES_D", "90",
         "how long messages are kept after their end, with their attempts; 0 = for ever"),
    KEEP("keep-events-d", "HONGYAN_KEEP_EVENTS_D", "30", "how long the platform's events are kept"),
    KEEP("keep-answers-d", "HONGYAN_KEEP_ANSWERS_D", "400",
         "how long it is kept what users answered to prompts"),
    KEEP("keep-grants-d", "HONGYAN_KEEP_GRANTS_D", "90",
         "how long permissions are kept that are used up or revoked"),
    KEEP("keep-broadcasts-d", "HONGYAN_KEEP_BROADCASTS_D", "90",
         "how long broadcasts are kept after their end"),
    KEEP("keep-audit-d", "HONGYAN_KEEP_AUDIT_D", "400", "how long it is kept who changed what"),
    {.name = "drain-s",
     .type = HY_OPTION_INT,
     .fallback = "15",
     .max = 3600,
     .unit = "seconds",
     .env = "HONGYAN_DRAIN_S",
     .help = "how long a stop waits for what is under way"},
    {0}};

static void turn(struct hy_server *s, int64_t wait_max_ms)
{
    int64_t next_ms = hy_engine_tick(s->engine, hy_clock_now_ms());
    int64_t wait_ms = next_ms - hy_clock_now_ms();

    if (wait_ms > wait_max_ms)
        wait_ms = wait_max_ms;
    hy_httpc_poll(s->client, wait_ms > 0 ? (int)wait_ms : 0);
}

static bool is_quiet(const struct hy_server *s)
{
    return hy_httpd_busy(s->httpd) == 0 && hy_engine_idle(s->engine);
}

/* True when nothing is under way any more. */
static bool drain(struct hy_server *s)
{
    int64_t cut_us = hy_clock_mono_us() + CUT_AFTER_US;
    int64_t end_us = hy_clock_mono_us() + hy_args_int(&s->cli->args, "drain-s") * 1000000;

    hy_httpd_quiesce(s->httpd);
    hy_engine_quiesce(s->engine);
    while (!is_quiet(s) && hy_clock_mono_us() < end_us) {
        turn(s, DRAIN_TURN_MS);
        if (hy_clock_mono_us() >= cut_us) {
            hy_httpd_cut(s->httpd);
            cut_us = INT64_MAX;
        }
    }
    return is_quiet(s);
}

/*
 * Requests are still under way, so nothing can be freed under them. A write goes in order behind
 * all others: when it is on disk, so are they. What is left in `sending` is settled by the next
 * start, or by the node that takes over.
 */
static void leave_at_once(struct hy_server *s)
{
    struct hy_meta_put put = {.op.verb = HY_VERB_META_PUT, .name = "stopped_early", .value = "1"};
    int err = hy_store_run(s->store, &put.op);

    hy_engine_leave(
        s->engine); /* nothing is sent any more: the others need not wait for the lease */

    hy_log(HY_LOG_WARN, "stop.bounded", "requests=%zu calls=%zu are still under way store=%s",
           hy_httpd_busy(s->httpd), hy_httpc_busy(s->client), hy_err_text(err));
    fflush(stdout);
    _exit(err ? HY_EXIT_FAILED : HY_EXIT_DONE);
}

/* What is under way can be settled by others only, and nothing that this process knows is to be written down. */
static void leave_too_old(void)
{
    fflush(stdout);
    _exit(HY_EXIT_FAILED);
}

int hy_serve_run(struct hy_cli *cli)
{
    struct hy_server server;
    int code = hy_server_open(&server, cli);

    if (code == HY_EXIT_DONE) {
        printf("listening: http://%s\n", hy_httpd_address(server.httpd));
        fflush(stdout);
        hy_log(HY_LOG_INFO, "start.ready", "version=" HY_VERSION " address=%s store=%s",
               hy_httpd_address(server.httpd), hy_store_kind(server.store));
        while (!atomic_load(&server.stopping) && !hy_engine_too_old(server.engine))
            turn(&server, TURN_MAX_MS);
        if (hy_engine_too_old(server.engine))
            leave_too_old();
        hy_log(HY_LOG_INFO, "stop.begun", "requests=%zu calls=%zu", hy_httpd_busy(server.httpd),
               hy_httpc_busy(server.client));
    }
    if (server.httpd) {
        bool quiet = drain(&server);

        /* A database that says nothing any more would keep us for as long as a statement may take. */
        hy_store_end_by(server.store, hy_clock_mono_us() + STORE_LAST_US);
        if (!quiet)
            leave_at_once(&server);
    }
    hy_server_close(&server);
    if (code == HY_EXIT_DONE)
        hy_log(HY_LOG_INFO, "stop.done", "everything is on disk");
    return code;
}
