/* Permissions from a table, into the ledger: form_ids and prepay_ids that another tool collected. */
#include "cli/grant_import.h"

#include "cli/bar.h"
#include "cli/csv_columns.h"
#include "cli/table.h"
#include "cli/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 16 << 10, AT_ONCE = 1000, FAULTS_MAX = 20 };

struct import {
    struct hy_cli *cli;
    const char *path, *app;
    FILE *file;
    struct hy_csv csv;
    struct hy_csv_columns columns;
    json_t *grants;         /* of the next call */
    int64_t lines[AT_ONCE]; /* of the table, of each of them */
    int64_t accepted, duplicates, refused;
};

static bool complain(struct import *in, const char *text)
{
    hy_fault("%s: line %lld: %s", in->path, (long long)in->csv.line, text);
    return false;
}

/* --- one call --------------------------------------------------------------------------------- */

static void count(struct import *in, const json_t *answer)
{
    const json_t *list = json_object_get(answer, "refused");

    in->accepted += json_integer_value(json_object_get(answer, "accepted"));
    in->duplicates += json_integer_value(json_object_get(answer, "duplicates"));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        json_int_t index = json_integer_value(json_object_get(one, "index"));

        if (in->refused++ < FAULTS_MAX && index >= 0 && index < AT_ONCE)
            hy_fault("%s: line %lld: %s", in->path, (long long)in->lines[index],
                     hy_text_clean(&in->cli->arena, hy_view_at(&in->cli->arena, one, "message")));
    }
}

/* Sends what was gathered. A credential is stored once, so a table may be imported again. */
static bool send(struct import *in)
{
    struct hy_client_call call = {.method = "POST", .path = "/v1/grants", .body = in->grants};
    struct hy_client_answer answer;
    bool good = true;

    if (json_array_size(in->grants) == 0)
        return true;
    good = hy_client_send(in->cli, &call, &answer) == HY_EXIT_DONE;
    if (good)
        count(in, answer.json);
    json_decref(answer.json);
    json_array_clear(in->grants);
    return good;
}

/* --- the table -------------------------------------------------------------------------------- */

static bool gather(struct import *in, const char *user, const char *kind, const char *cell)
{
    char *credential = hy_csv_trimmed(cell);
    json_t *grant = json_object();
    size_t index = json_array_size(in->grants);

    json_object_set_new(grant, "app", json_string(in->app));
    json_object_set_new(grant, "user", json_string(user));
    json_object_set_new(grant, "kind", json_string(kind));
    json_object_set_new(grant, "credential", credential ? json_string(credential) : NULL);
    free(credential);
    if (json_object_size(grant) < 4 || json_array_append_new(in->grants, grant) != 0)
        return complain(in, "out of memory, or a text that is not UTF-8");
    in->lines[index] = in->csv.line;
    return index + 1 < AT_ONCE || send(in);
}

static bool take_user(struct import *in)
{
    char *user = hy_csv_trimmed(in->csv.cells[0]);
    bool good = user != NULL, found = false;

    for (size_t i = 1; good && i < in->csv.count; i++) {
        const char *kind = hy_csv_columns_kind(hy_csv_columns_name(&in->columns, i));

        found = found || kind;
        if (kind && *in->csv.cells[i])
            good = gather(in, user, kind, in->csv.cells[i]);
    }
    free(user);
    if (good && !found)
        return complain(in, "no column is called formid or prepay_id");
    return good;
}

static bool take_record(struct import *in)
{
    char fault[HY_CSV_FAULT_BYTES];
    enum hy_csv_line line = hy_csv_columns_look(&in->columns, &in->csv, fault);

    if (line == HY_CSV_LINE_FAULT)
        return complain(in, fault);
    return line == HY_CSV_LINE_NONE || take_user(in);
}

static bool take_piece(struct import *in, const char *piece, size_t size)
{
    enum hy_csv_got got;
    size_t at = 0;

    for (;;) {
        got = size ? hy_csv_next(&in->csv, piece, size, &at) : hy_csv_last(&in->csv);
        if (got != HY_CSV_RECORD)
            break;
        if (!take_record(in))
            return false;
    }
    return got == HY_CSV_MORE || complain(in, in->csv.fault);
}

static bool read_all(struct import *in)
{
    char piece[PIECE_BYTES];
    size_t got;

    do {
        got = fread(piece, 1, sizeof piece, in->file);
        if (got == 0 && ferror(in->file)) {
            hy_fault("%s: %s", in->path, strerror(errno));
            return false;
        }
        if (!take_piece(in, piece, got))
            return false;
    } while (got > 0);
    return send(in);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void report(struct import *in)
{
    char numbers[3][32];

    hy_buf_printf(&in->cli->out, "accepted    %s\nduplicates  %s\nrefused     %s\n",
                  hy_bar_number(in->accepted, numbers[0]),
                  hy_bar_number(in->duplicates, numbers[1]),
                  hy_bar_number(in->refused, numbers[2]));
    if (in->refused > FAULTS_MAX)
        hy_fault("%s: and %s more were refused", in->path,
                 hy_bar_number(in->refused - FAULTS_MAX, numbers[0]));
}

static bool name_columns(struct import *in)
{
    const struct hy_value *names = hy_args_get(&in->cli->args, "columns");
    char fault[HY_CSV_FAULT_BYTES];

    if (!names->given || hy_csv_columns_tell(&in->columns, names->text, fault))
        return true;
    hy_fault("--columns: %s", fault);
    return false;
}

int hy_grant_import(struct hy_cli *cli)
{
    struct import in = {.cli = cli,
                        .path = cli->args.operand,
                        .app = hy_args_text(&cli->args, "app"),
                        .grants = json_array()};
    int code = HY_EXIT_USAGE;

    hy_csv_init(&in.csv);
    in.file = strcmp(in.path, "-") == 0 ? stdin : fopen(in.path, "re");
    if (!in.file)
        hy_fault("%s: %s", in.path, strerror(errno));
    else if (name_columns(&in))
        code = read_all(&in) ? HY_EXIT_DONE : HY_EXIT_FAILED;
    report(&in);
    if (code == HY_EXIT_DONE && in.refused)
        code = HY_EXIT_FAILED;
    if (in.file && in.file != stdin)
        fclose(in.file);
    hy_csv_columns_deinit(&in.columns);
    hy_csv_deinit(&in.csv);
    json_decref(in.grants);
    return code;
}
