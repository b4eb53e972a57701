/* Users from a file, or from another program, into a draft: neither is ever whole in memory. */
#include "cli/broadcast.h"

#include "cli/bar.h"
#include "cli/csv_users.h"
#include "cli/table.h"
#include "cli/view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum {
    PIECE_BYTES = 16 << 10,
    /* A piece of a table as JSON: letters may become \u001f, names of columns stand in every line. */
    LINES_BYTES = 32 << 20,
};

struct upload {
    struct hy_cli *cli;
    const char *path;
    FILE *file;
    struct hy_bar bar;
    int64_t read, size; /* size: of the file, 0 = nobody knows */
    bool csv;
    struct hy_csv_users users;
    struct hy_buf lines; /* made of the table and not sent yet: from `at` */
    size_t at;
    bool ended;
};

static void show_progress(struct upload *u, bool last)
{
    char text[100];

    snprintf(text, sizeof text, "%.1f MB read", (double)u->read / 1e6);
    hy_bar_show(&u->bar, u->size ? (double)u->read / (double)u->size : -1, text, last);
}

/* The next bytes of the file, 0 at its end, -1 after a fault. */
static long read_file(struct upload *u, char *into, size_t max)
{
    size_t got = fread(into, 1, max, u->file);

    if (got == 0 && ferror(u->file)) {
        hy_bar_end(&u->bar);
        hy_fault("%s: %s", u->path, strerror(errno));
        return -1;
    }
    u->read += (int64_t)got;
    show_progress(u, false);
    return (long)got;
}

static long refuse_table(struct upload *u)
{
    bool coding = strstr(u->users.fault, "UTF-8") || strstr(u->users.fault, "UTF-16");

    hy_bar_end(&u->bar);
    hy_fault("%s: %s; nothing from there on was stored", u->path, u->users.fault);
    if (coding)
        hy_fault("save it as \"CSV UTF-8\", or: iconv -f GB18030 -t UTF-8 FILE | hongyan broadcast "
                 "upload --csv ID -");
    return -1;
}

/* Until there are lines to send, or none will come. */
static long fill_lines(struct upload *u)
{
    char piece[PIECE_BYTES];
    long got;

    hy_buf_clear(&u->lines);
    u->at = 0;
    while (!u->ended && u->lines.size == 0) {
        got = read_file(u, piece, sizeof piece);
        if (got < 0)
            return -1;
        u->ended = got == 0;
        if (!hy_csv_users_take(&u->users, piece, (size_t)got, &u->lines)) {
            u->ended = true;
            break;
        }
    }
    if (u->lines.size == 0 && *u->users.fault)
        return refuse_table(u);
    return (long)u->lines.size;
}

static long next_piece(void *arg, char *into, size_t max)
{
    struct upload *u = arg;
    size_t left = u->lines.size - u->at;

    if (!u->csv)
        return read_file(u, into, max);
    if (left == 0) {
        long made = fill_lines(u);

        if (made <= 0)
            return made;
        left = (size_t)made;
    }
    if (left > max)
        left = max;
    memcpy(into, u->lines.data + u->at, left);
    u->at += left;
    return (long)left;
}

/* --- the answer ------------------------------------------------------------------------------- */

static const struct hy_column columns[] = {{.title = "lines", .path = "lines"},
                                           {.title = "added", .path = "added"},
                                           {.title = "duplicates", .path = "duplicates"},
                                           {.title = "refused", .path = "refused"},
                                           {0}};

static void print_errors(struct upload *u, const json_t *answer)
{
    const json_t *lines = json_object_get(answer, "errors");
    struct hy_arena *arena = &u->cli->arena;

    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i), *errors = json_object_get(line, "errors");

        for (size_t k = 0; k < json_array_size(errors); k++) {
            const char *field = hy_view_at(arena, json_array_get(errors, k), "field");

            hy_fault("%s: line %s: %s%s%s", u->path, hy_view_at(arena, line, "line"),
                     hy_text_clean(arena, field), *field ? ": " : "",
                     hy_text_clean(arena, hy_view_at(arena, json_array_get(errors, k), "message")));
        }
    }
}

static int report(struct upload *u, const struct hy_client_answer *answer)
{
    int64_t refused = json_integer_value(json_object_get(answer->json, "refused"));
    int64_t listed = (int64_t)json_array_size(json_object_get(answer->json, "errors"));
    char digits[32];

    if (!hy_client_show_json(u->cli, answer))
        hy_view_card(&u->cli->out, &u->cli->arena, answer->json, columns);
    print_errors(u, answer->json);
    if (refused > listed)
        hy_fault("%s: and %s more lines were refused", u->path,
                 hy_bar_number(refused - listed, digits));
    return refused > 0 ? HY_EXIT_FAILED : HY_EXIT_DONE;
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool is_table(struct hy_cli *cli, const char *path)
{
    const struct hy_value *csv = hy_args_get(&cli->args, "csv");
    size_t size = strlen(path);

    if (csv->given)
        return csv->number != 0;
    return size > 4 && strcasecmp(path + size - 4, ".csv") == 0;
}

static bool name_columns(struct upload *u)
{
    const struct hy_value *names = hy_args_get(&u->cli->args, "columns");
    char fault[HY_CSV_FAULT_BYTES];

    if (!names->given)
        return true;
    u->csv = true;
    if (hy_csv_columns_tell(&u->users.columns, names->text, fault))
        return true;
    hy_fault("--columns: %s", fault);
    return false;
}

static bool open_file(struct upload *u)
{
    struct stat status;

    u->file = strcmp(u->path, "-") == 0 ? stdin : fopen(u->path, "re");
    if (!u->file || fstat(fileno(u->file), &status) != 0) {
        hy_fault("%s: %s", u->path, strerror(errno));
        return false;
    }
    u->size = S_ISREG(status.st_mode) ? (int64_t)status.st_size : 0;
    if (u->file == stdin)
        u->path = "standard input";
    return true;
}

static int send_all(struct upload *u)
{
    struct hy_httpc_pieces pieces = {.read = next_piece, .arg = u};
    struct hy_client_call call = {
        .method = "POST", .path = hy_client_path(u->cli), .pieces = &pieces};
    struct hy_client_answer answer;
    int code;

    hy_bar_init(&u->bar);
    hy_buf_init(&u->lines, LINES_BYTES);
    code = hy_client_send(u->cli, &call, &answer);
    if (code == HY_EXIT_DONE)
        show_progress(u, true);
    hy_bar_end(&u->bar);
    if (code == HY_EXIT_DONE)
        code = report(u, &answer);
    else if (*u->users.fault)
        code = HY_EXIT_USAGE;
    json_decref(answer.json);
    hy_buf_deinit(&u->lines);
    return code;
}

int hy_broadcast_upload(struct hy_cli *cli)
{
    struct upload u = {.cli = cli, .path = cli->args.second};
    int code = HY_EXIT_USAGE;

    hy_csv_users_init(&u.users);
    u.csv = is_table(cli, u.path);
    if (name_columns(&u) && open_file(&u))
        code = send_all(&u);
    hy_csv_users_deinit(&u.users);
    if (u.file && u.file != stdin)
        fclose(u.file);
    return code;
}
