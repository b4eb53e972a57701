/* hongyan migrate-store and reopen-store: from one process on a file to nodes on PostgreSQL, and back. */
#include "base/err.h"
#include "base/json.h"
#include "cli/bar.h"
#include "cli/command.h"
#include "cli/confirm.h"
#include "cli/table.h"
#include "crypto/random.h"
#include "crypto/seal.h"
#include "store/transfer.h"

#include <stdio.h>
#include <string.h>

const struct hy_option hy_migrate_options[] = {
    {.name = "master-key-file",
     .value = "FILE",
     .env = "HONGYAN_MASTER_KEY_FILE",
     .help = "the file's master key; without it SQLITE.key"},
    {.name = "json", .type = HY_OPTION_FLAG, .help = "the figures of both stores as JSON"},
    {0}};
const struct hy_option hy_reopen_options[] = {HY_OPTION_YES, {0}};

const char hy_migrate_details[] =
    "SQLITE is the file (PATH or sqlite:PATH), whose server must be stopped; POSTGRES is\n"
    "postgresql://USER@HOST/DATABASE, an empty database that belongs to that user. A password is "
    "better in\n"
    "PGPASSWORD or ~/.pgpass than here, where others may see it.\n"
    "Copies everything with its ids, compares both, and marks the file, so that no server opens it "
    "by mistake. Cut\n"
    "short at any instant it goes on where it was: run it again. What is sealed stays sealed with "
    "the same master key:\n"
    "give a copy of its file to every node, by --master-key-file. See docs/operations.md.";

const char hy_reopen_details[] =
    "Takes the mark off that hongyan migrate-store made. What happened in PostgreSQL since is not "
    "in the file: a\n"
    "message that was sent there would be sent again from here. Never serve both.";

static const char *path_of(const char *operand)
{
    static const char prefix[] = "sqlite:";

    return strncmp(operand, prefix, sizeof prefix - 1) == 0 ? operand + sizeof prefix - 1 : operand;
}

static int fault(const char *what, int err, const char *why)
{
    hy_fault("%s: %s", what, *why ? why : hy_err_text(err));
    return err == HY_E_INVALID ? HY_EXIT_USAGE : HY_EXIT_FAILED;
}

/* --- the master key --------------------------------------------------------------------------- */

static const char *key_path(struct hy_cli *cli)
{
    const char *given = hy_args_text(&cli->args, "master-key-file");

    return given ? given : hy_arena_printf(&cli->arena, "%s.key", path_of(cli->args.operand));
}

/* Every node needs it: that it is there and the right one is found out before anything is copied. */
static int read_fingerprint(const char *path, char into[HY_SEAL_FINGERPRINT_CHARS + 1])
{
    struct hy_seal *seal;
    int err = hy_crypto_init();

    if (!err)
        err = hy_seal_open_file(path, false, &seal);
    if (err) {
        hy_fault("master key %s: %s; without it nobody can open the store's secrets: name it by "
                 "--master-key-file",
                 path, err == HY_E_NOT_FOUND ? "is missing" : hy_err_text(err));
        return HY_EXIT_FAILED;
    }
    hy_seal_fingerprint(seal, into);
    hy_seal_close(seal);
    return HY_EXIT_DONE;
}

/* --- how far it is ---------------------------------------------------------------------------- */

static bool show_progress(const struct hy_transfer_progress *p, void *arg)
{
    char done[32], total[32], text[160];

    snprintf(text, sizeof text, "%s of %s rows, %s", hy_bar_number(p->done, done),
             hy_bar_number(p->total, total), p->table);
    hy_bar_show((struct hy_bar *)arg, p->total > 0 ? (double)p->done / (double)p->total : 1, text,
                false);
    return true;
}

/* --- what came of it -------------------------------------------------------------------------- */

static void print_figures(struct hy_cli *cli, const struct hy_transfer_report *report)
{
    struct hy_table table;
    char number[32];

    hy_table_init(&table, &cli->arena, &cli->out, 4);
    table.right[1] = table.right[2] = true;
    hy_table_add(&table, "");
    hy_table_add(&table, "SQLite");
    hy_table_add(&table, "PostgreSQL");
    hy_table_add(&table, "");
    for (size_t i = 0; i < report->count; i++) {
        const struct hy_transfer_line *line = &report->lines[i];

        if (line->from == 0 && line->to == 0)
            continue;
        hy_table_add(&table, line->what);
        hy_table_add(&table, hy_bar_number(line->from, number));
        hy_table_add(&table, hy_bar_number(line->to, number));
        hy_table_add(&table, line->from == line->to ? "" : "differs");
    }
    hy_table_print(&table);
}

static int print_json(struct hy_cli *cli, const struct hy_transfer_report *report)
{
    HY_JSON_SCOPED json_t *root =
        json_pack("{s:b, s:b, s:I, s:s, s:[]}", "resumed", report->resumed, "complete_before",
                  report->before, "copied", (json_int_t)report->rows, "to", report->to, "figures");
    json_t *figures = json_object_get(root, "figures");

    for (size_t i = 0; figures && i < report->count; i++) {
        const struct hy_transfer_line *line = &report->lines[i];

        json_array_append_new(figures, json_pack("{s:s, s:I, s:I}", "what", line->what, "sqlite",
                                                 (json_int_t)line->from, "postgresql",
                                                 (json_int_t)line->to));
    }
    if (!root)
        return HY_EXIT_FAILED;
    hy_json_write(&cli->out, root);
    hy_buf_putc(&cli->out, '\n');
    return HY_EXIT_DONE;
}

static void print_what_next(struct hy_cli *cli, const struct hy_transfer_report *report,
                            const char *key)
{
    const char *path = path_of(cli->args.operand);
    char rows[32];

    if (report->before)
        hy_buf_printf(&cli->out, "%s was in %s already; nothing was copied.\n", path, report->to);
    else
        hy_buf_printf(&cli->out, "\nAll of %s is in %s: %s rows copied%s, every figure the same.\n",
                      path, report->to, hy_bar_number(report->rows, rows),
                      report->resumed ? " now" : "");
    hy_buf_printf(
        &cli->out,
        "The file is marked and will not be served again by mistake; keep it as a backup.\n"
        "Start each node with that store and a copy of the same master key:\n"
        "    hongyan serve --store postgresql://... --master-key-file %s\n",
        key);
}

int hy_migrate_run(struct hy_cli *cli)
{
    char fingerprint[HY_SEAL_FINGERPRINT_CHARS + 1], why[1024] = "";
    const char *key = key_path(cli);
    struct hy_transfer_report report = {0};
    struct hy_bar bar;
    struct hy_transfer_config config = {.from = path_of(cli->args.operand),
                                        .to = cli->args.second,
                                        .key_fingerprint = fingerprint,
                                        .progress = show_progress,
                                        .arg = &bar};
    int code = key ? read_fingerprint(key, fingerprint) : HY_EXIT_FAILED, err;

    if (code != HY_EXIT_DONE)
        return code;
    hy_bar_init(&bar);
    err = hy_transfer(&config, &cli->arena, &report, why, sizeof why);
    hy_bar_end(&bar);
    if (hy_args_flag(&cli->args, "json"))
        code = print_json(cli, &report);
    else if (report.count > 0)
        print_figures(cli, &report);
    if (err)
        return fault("migrate-store", err, why);
    if (!hy_args_flag(&cli->args, "json"))
        print_what_next(cli, &report, key);
    return code;
}

/* --- back ------------------------------------------------------------------------------------- */

int hy_reopen_run(struct hy_cli *cli)
{
    const char *path = path_of(cli->args.operand);
    char to[256] = "", why[1024] = "";
    int err,
        code = hy_confirm(
            cli, "What happened in PostgreSQL since will not be known here, and may be sent again. "
                 "Use the file all the same?");

    if (code != HY_EXIT_DONE)
        return code;
    err = hy_transfer_undo(path, to, sizeof to, why, sizeof why);
    if (err)
        return fault("reopen-store", err, why);
    hy_buf_printf(&cli->out,
                  "%s can be served again. Don't serve %s any more, and empty that database.\n",
                  path, to);
    return HY_EXIT_DONE;
}
