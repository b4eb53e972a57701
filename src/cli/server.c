#include "cli/server.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "cli/descriptors.h"
#include "cli/node_name.h"
#include "cli/textfile.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "engine/nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char sqlite_prefix[] = "sqlite:";
static const char memory_prefix[] = "memory:";
static const char postgres_prefix[] = "postgresql:";

static const char *text(struct hy_server *s, const char *name)
{
    return hy_args_text(&s->cli->args, name);
}

static int number(struct hy_server *s, const char *name)
{
    return (int)hy_args_int(&s->cli->args, name);
}

static bool is_kind(const struct hy_server *s, const char *prefix)
{
    return strncmp(s->location, prefix, strlen(prefix)) == 0;
}

static int out_of_memory(void)
{
    hy_fault("%s", hy_err_text(HY_E_NOMEM));
    return HY_EXIT_FAILED;
}

/* --- what was asked for ----------------------------------------------------------------------- */

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 ||
           strncmp(host, "[::1]", 5) == 0;
}

static int read_wechat_url(struct hy_server *s)
{
    const struct hy_value *value = hy_args_get(&s->cli->args, "wechat-url");
    char *url = hy_arena_strdup(&s->cli->arena, value->text);
    bool plain = url && strncmp(url, "http://", 7) == 0;

    if (!url)
        return out_of_memory();
    while (*url && url[strlen(url) - 1] == '/')
        url[strlen(url) - 1] = 0;
    if ((!plain && strncmp(url, "https://", 8) != 0) || strpbrk(url, " ?#") ||
        url[strlen(plain ? "http://" : "https://")] == 0) {
        hy_fault("%s: must be http:// or https:// and a host, not %.200s", value->from,
                 value->text);
        return HY_EXIT_USAGE;
    }
    if (plain && !is_loopback(url + 7))
        hy_log(HY_LOG_WARN, "start.plain_http",
               "secrets and tokens go to the platform unencrypted: wechat-url is no https:// "
               "address");
    s->wechat_url = url;
    return HY_EXIT_DONE;
}

/* What others see it by. */
static int read_node_name(struct hy_server *s)
{
    const struct hy_value *value = hy_args_get(&s->cli->args, "node-name");
    char machine[256] = "node";

    gethostname(machine, sizeof machine - 1);
    hy_node_name(machine, text(s, "listen"), getpid(), s->own_name);
    s->node_name = value->text ? value->text : s->own_name;
    if (strlen(s->node_name) < HY_NODE_NAME_BYTES && *s->node_name)
        return HY_EXIT_DONE;
    hy_fault("%s: must have 1 to %d bytes", value->from, HY_NODE_NAME_BYTES - 1);
    return HY_EXIT_USAGE;
}

static bool has_password(const char *url)
{
    const char *place = strstr(url, "://");
    size_t user = place ? strcspn(place + 3, "@/") : 0;

    return strstr(url, "password=") ||
           (place && place[3 + user] == '@' && memchr(place + 3, ':', user));
}

/* A list of processes shows command lines to everybody, environments only to their owner. */
static void warn_of_password(const struct hy_server *s)
{
    const struct hy_value *value = hy_args_get(&s->cli->args, "store");

    if (is_kind(s, postgres_prefix) && value->from && strncmp(value->from, "--", 2) == 0 &&
        has_password(s->location))
        hy_log(HY_LOG_WARN, "start.password_shown",
               "others on this machine can read the password in --store: give the location as "
               "HONGYAN_STORE, or the password as PGPASSWORD or in ~/.pgpass");
}

static int read_options(struct hy_server *s)
{
    enum hy_log_level level = HY_LOG_INFO;
    int code;

    hy_log_level_parse(text(s, "log-level"), &level);
    hy_log_set_level(level);
    s->location = text(s, "store");
    warn_of_password(s);
    s->key_path = text(s, "master-key-file");
    if (!s->key_path && is_kind(s, sqlite_prefix)) {
        s->key_path =
            hy_arena_printf(&s->cli->arena, "%s.key", s->location + strlen(sqlite_prefix));
        if (!s->key_path)
            return out_of_memory();
    }
    code = read_node_name(s);
    if (!code)
        code = read_wechat_url(s);
    if (!code)
        code = hy_server_read_keeps(s);
    return code ? code : hy_server_take_admin_key(s);
}

/* --- master key and store --------------------------------------------------------------------- */

static int fault_key(struct hy_server *s, int err)
{
    const char *why = hy_err_text(err);

    if (err == HY_E_DENIED)
        why = "group or others may use it, or this user may not read it; chmod 600 it";
    else if (err == HY_E_CORRUPT)
        why = "is not a master key";
    else if (err == HY_E_NOT_FOUND)
        why = "there is no such directory";
    else if (err == HY_E_INVALID)
        why = "is not a file";
    hy_fault("master key %s: %s", s->key_path, why);
    return HY_EXIT_FAILED;
}

static int random_key(struct hy_server *s)
{
    uint8_t key[HY_MASTER_KEY_BYTES];
    int err;

    hy_random_bytes(key, sizeof key);
    err = hy_seal_from_key(key, &s->seal);
    hy_wipe(key, sizeof key);
    return err ? out_of_memory() : HY_EXIT_DONE;
}

static int no_key(struct hy_server *s)
{
    if (strcmp(s->location, memory_prefix) == 0)
        return random_key(s);
    if (!is_kind(s, postgres_prefix))
        return HY_EXIT_DONE; /* no store of this kind: open_store() says it */
    hy_fault(
        "a store in PostgreSQL needs --master-key-file: the file of which all its nodes have a "
        "copy");
    return HY_EXIT_USAGE;
}

/*
 * A new key for a store that already has secrets would open none of them, and would stand where the
 * right one is to be put back. So one is only made where there is no store yet; whether PostgreSQL has
 * one is known later: refuse_key().
 */
static int open_seal(struct hy_server *s)
{
    bool has_store =
        is_kind(s, sqlite_prefix) && access(s->location + strlen(sqlite_prefix), F_OK) == 0;
    int err;

    if (!s->key_path)
        return no_key(s);
    s->key_is_new = access(s->key_path, F_OK) != 0;
    err = hy_seal_open_file(s->key_path, !has_store, &s->seal);
    if (err == HY_E_NOT_FOUND && has_store) {
        hy_fault("master key %s: is missing, and the store %s cannot be read without it; put it "
                 "back, or name it by --master-key-file",
                 s->key_path, s->location + strlen(sqlite_prefix));
        return HY_EXIT_FAILED;
    }
    return err ? fault_key(s, err) : HY_EXIT_DONE;
}

static int open_store(struct hy_server *s)
{
    struct hy_store_config config = {.location = s->location};
    char why[512] = "";
    int err = hy_store_open(&config, &s->store, why, sizeof why);

    if (!err)
        return HY_EXIT_DONE;
    hy_fault("store: %s", *why ? why : hy_err_text(err));
    return err == HY_E_INVALID ? HY_EXIT_USAGE : HY_EXIT_FAILED;
}

/* --- the rest --------------------------------------------------------------------------------- */

/* Said here and not by each request that fails for it. */
static int check_ca_file(struct hy_server *s)
{
    const struct hy_value *value = hy_args_get(&s->cli->args, "ca-file");
    const char *text = value->text ? hy_cli_read_file(s->cli, value, value->text) : "";

    if (!text)
        return HY_EXIT_FAILED;
    if (!value->text || strstr(text, "-----BEGIN CERTIFICATE-----"))
        return HY_EXIT_DONE;
    hy_fault("%s: %s: holds no certificate in PEM", value->from, value->text);
    return HY_EXIT_FAILED;
}

static void fit_descriptors(struct hy_server *s)
{
    int64_t clients = hy_args_int(&s->cli->args, "connections-max");
    int64_t platform = hy_args_int(&s->cli->args, "platform-connections-max");
    int64_t limit = hy_descriptors_raise(clients, platform);

    s->platform_connections = hy_descriptors_share(limit, clients, platform);
    if (s->platform_connections < platform)
        hy_log(HY_LOG_WARN, "start.descriptors", "limit=%lld platform_connections=%lld wanted=%lld",
               (long long)limit, (long long)s->platform_connections, (long long)platform);
}

static int open_client(struct hy_server *s)
{
    struct hy_httpc_config config = {.ca_file = text(s, "ca-file"),
                                     .connect_timeout_ms = number(s, "connect-timeout-ms"),
                                     .total_timeout_ms = number(s, "request-timeout-ms")};
    int code = check_ca_file(s);

    if (code != HY_EXIT_DONE)
        return code;
    fit_descriptors(s);
    config.connections_max = (size_t)s->platform_connections;
    return hy_httpc_new(&config, &s->client) ? out_of_memory() : HY_EXIT_DONE;
}

/* On the signal thread. */
static void stop(void *arg)
{
    struct hy_server *s = arg;

    atomic_store(&s->stopping, true);
    hy_httpc_wake(s->client);
}

/* Before the first thread of anybody else. */
static int start_signals(struct hy_server *s)
{
    if (hy_signals_start(&s->signals, stop, s) != 0) {
        hy_fault("cannot start a thread");
        return HY_EXIT_FAILED;
    }
    s->signals_started = true;
    return HY_EXIT_DONE;
}

static void transport_start(void *self, const struct hy_http_request *request, hy_httpc_done *done,
                            void *arg)
{
    hy_httpc_start(self, request, done, arg);
}

static void transport_wake(void *self)
{
    hy_httpc_wake(self);
}

/* The location isn't named: it may hold a password. */
static void refuse_key(struct hy_server *s)
{
    if (!s->key_is_new) {
        hy_fault("master key %s: the store was made with another one",
                 s->key_path ? s->key_path : "-");
        return;
    }
    unlink(s->key_path);
    hy_fault(
        "master key %s: is missing, and the store was made with one: copy it from another node",
        s->key_path);
}

static int open_engine(struct hy_server *s)
{
    struct hy_engine_config config = {
        .store = s->store,
        .seal = s->seal,
        .transport = {.self = s->client, .start = transport_start, .wake = transport_wake},
        .now_ms = hy_clock_now_ms,
        .steady_ms = hy_clock_boot_ms,
        .node_name = s->node_name,
        .node_lease_ms = hy_args_int(&s->cli->args, "lease-s") * 1000,
        .connections_max = s->platform_connections,
        .wechat_url = s->wechat_url,
        .allow_private_webhooks = hy_args_flag(&s->cli->args, "allow-private-webhooks"),
        .idempotency_window_s = hy_args_int(&s->cli->args, "idempotency-window-s")};
    int err;

    memcpy(config.keep_s, s->keep_s, sizeof config.keep_s);
    err = hy_engine_new(&config, &s->engine);
    if (err == HY_E_DENIED)
        refuse_key(s);
    else if (err == HY_E_LIMIT)
        hy_fault("store: %d nodes use it, and there cannot be more: stop one first; of one that "
                 "died, the place is free when its lease is over",
                 HY_MESSAGE_NODE_MAX + 1);
    else if (err)
        hy_fault("the store could not be read: %s", hy_err_text(err));
    return err ? HY_EXIT_FAILED : HY_EXIT_DONE;
}

static int listen_on(struct hy_server *s)
{
    const struct hy_value *proxies = hy_args_get(&s->cli->args, "trusted-proxy");
    struct hy_api_config api = {.engine = s->engine,
                                .body_max_bytes = (size_t)number(s, "body-max-bytes"),
                                .trusted_proxies = proxies->words,
                                .trusted_proxy_count = proxies->word_count};
    struct hy_httpd_config config = {.listen = text(s, "listen"),
                                     .body_max_bytes = (size_t)number(s, "body-max-bytes"),
                                     .connections_max = (unsigned)number(s, "connections-max"),
                                     .idle_timeout_s = (unsigned)number(s, "idle-timeout-s"),
                                     .head = hy_api_head,
                                     .handler = hy_api_handle,
                                     .refuse = hy_api_refuse};
    int err = hy_api_new(&api, &s->api);

    if (err == HY_E_INVALID) {
        hy_fault("%s: must be IP addresses, not %.200s", proxies->from, proxies->text);
        return HY_EXIT_USAGE;
    }
    if (err)
        return out_of_memory();
    config.arg = s->api;
    err = hy_httpd_start(&config, &s->httpd);
    if (!err)
        return HY_EXIT_DONE;
    hy_fault("%s: %s", config.listen,
             err == HY_E_INVALID ? "must be HOST:PORT, as in 127.0.0.1:8080"
             : err == HY_E_BUSY  ? "something else listens there already"
                                 : hy_err_text(err));
    return err == HY_E_INVALID ? HY_EXIT_USAGE : HY_EXIT_FAILED;
}

static int init_crypto(struct hy_server *s)
{
    if (hy_crypto_init() == 0)
        return HY_EXIT_DONE;
    hy_fault("this machine offers no source of randomness");
    return HY_EXIT_FAILED;
}

int hy_server_open(struct hy_server *server, struct hy_cli *cli)
{
    static int (*const steps[])(struct hy_server * s) = {
        read_options, init_crypto, open_client, start_signals,       open_seal,
        open_store,   open_engine, listen_on,   hy_server_admin_key, NULL};
    int code = HY_EXIT_DONE;

    *server = (struct hy_server){.cli = cli};
    for (size_t i = 0; steps[i] && code == HY_EXIT_DONE; i++)
        code = steps[i](server);
    return code;
}

void hy_server_close(struct hy_server *s)
{
    if (s->engine && !s->httpd) /* it joined, and then something else did not come up */
        hy_engine_leave(s->engine);
    hy_httpd_stop(s->httpd);
    hy_api_free(s->api);
    /* Ends the store's threads, one of which may have handed the engine its last mail a moment ago
     * and still be about to wake it. */
    hy_store_close(s->store);
    hy_engine_free(s->engine);
    if (s->signals_started)
        hy_signals_end(&s->signals);
    hy_httpc_free(s->client);
    hy_seal_close(s->seal);
    if (s->admin_key) {
        hy_wipe(s->admin_key, strlen(s->admin_key));
        free(s->admin_key);
    }
}
