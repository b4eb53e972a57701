/* hongyan backup and check: the store itself, without a server. */
#include "base/err.h"
#include "cli/command.h"
#include "store/housekeeping.h"
#include "store/messages.h"

#include <string.h>
#include <unistd.h>

#define STORE                                                                                      \
    {                                                                                              \
        .name = "store", .value = "KIND:PATH", .fallback = "sqlite:hongyan.db",                    \
        .env = "HONGYAN_STORE", .help = "where everything is kept"                                 \
    }

const struct hy_option hy_backup_options[] = {STORE, {0}};
const struct hy_option hy_check_options[] = {STORE, {0}};

const char hy_backup_details[] =
    "Needs no server and disturbs none. FILE must not be there yet; it appears whole or not at "
    "all.\n"
    "Restoring is copying it back: see docs/operations.md. Keep the master key's file as well.\n"
    "A store in PostgreSQL is copied by pg_dump.";

const char hy_check_details[] =
    "Verifies the file, the ledger of permissions and the queue, and "
    "prints what is wrong. Ends with\n"
    "1 when something is.\n"
    "An SQLite store that a server has open cannot be checked: stop it, or check a backup.\n"
    "A store in PostgreSQL is checked beside its servers, which go on. The file's structure is\n"
    "PostgreSQL's own business there: see pg_amcheck.";

static int fault(const char *what, int err, const char *why)
{
    hy_fault("%s: %s", what, why && *why ? why : hy_err_text(err));
    return err == HY_E_INVALID ? HY_EXIT_USAGE : HY_EXIT_FAILED;
}

/* --- backup ----------------------------------------------------------------------------------- */

/* A copy that nobody can open is no backup. */
static void remind(struct hy_cli *cli, const char *location)
{
    const char *path = strchr(location, ':');

    hy_buf_printf(&cli->out,
                  "Its secrets are sealed with the master key (%s%s, or --master-key-file): keep a "
                  "copy of that file, too, in another place.\n",
                  path ? path + 1 : location, ".key");
}

int hy_backup_run(struct hy_cli *cli)
{
    const char *location = hy_args_text(&cli->args, "store");
    char why[512] = "";
    int err = hy_store_backup(location, cli->args.operand, why, sizeof why);

    if (err)
        return fault("backup", err, why);
    hy_buf_printf(&cli->out, "%s holds everything that was accepted until now.\n",
                  cli->args.operand);
    remind(cli, location);
    return HY_EXIT_DONE;
}

/* --- check ------------------------------------------------------------------------------------ */

static int run_check(struct hy_cli *cli, struct hy_store *store)
{
    struct hy_check check = {.op.verb = HY_VERB_CHECK, .arena = &cli->arena};
    int err = hy_store_run(store, &check.op);

    for (size_t i = 0; i < check.count; i++)
        hy_buf_printf(&cli->out, "%s\n", check.findings[i]);
    if (!err) {
        hy_buf_puts(&cli->out, "Everything is as it must be.\n");
        return HY_EXIT_DONE;
    }
    if (!check.count)
        return fault("check", err, "");
    hy_fault("check: %zu%s wrong", check.count, check.count == 1 ? " thing is" : " things are");
    return HY_EXIT_FAILED;
}

/* Opening would make a new one, and find nothing wrong with it. */
static bool is_there(const char *location)
{
    static const char prefix[] = "sqlite:";
    size_t size = sizeof prefix - 1;

    return strncmp(location, prefix, size) != 0 || access(location + size, F_OK) == 0;
}

/* Opening is a check, too: of the file and of its migrations. */
int hy_check_run(struct hy_cli *cli)
{
    struct hy_store_config config = {.location = hy_args_text(&cli->args, "store")};
    struct hy_store *store = NULL;
    char why[512] = "";
    int err, code;

    if (!is_there(config.location))
        return fault("store", HY_E_NOT_FOUND,
                     hy_arena_printf(&cli->arena, "there is none at %s", config.location));
    err = hy_store_open(&config, &store, why, sizeof why);
    if (err)
        return fault("store", err, why);
    code = run_check(cli, store);
    hy_store_close(store);
    return code;
}
