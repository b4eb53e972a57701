/*
 * store_transfer.c - what a file holds is the same in PostgreSQL afterwards: random games are played on a
 * file, so that there is something in every state; it is moved; then every verb that reads has to say what it
 * said before, and the game goes on beside the reference.
 *
 *     tests/postgres/with-postgres store-transfer
 *
 * HY_TRANSFER_KILLS: how often a transfer is killed (100).
 */
#include "store_transfer.h"

#include "store_rig.h"

#include "store/postgres/link.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>

static const char *url;

struct hy_transfer_report transfer_report;
char transfer_why[TRANSFER_WHY_BYTES];

const char *transfer_file(void)
{
    return rig.location + strlen("sqlite:");
}

/* --- the database ------------------------------------------------------------------------------ */

static struct hy_pg_link *connect_to(void)
{
    struct hy_pg_link *link;
    char said[TRANSFER_WHY_BYTES] = "";
    int r = hy_pg_link_open(url, "test", &link, said, sizeof said);

    if (r < 0)
        hy_tap_fail(__FILE__, __LINE__, "PostgreSQL: %s", said);
    return link;
}

static void run_script(const char *text)
{
    struct hy_pg_link *link = connect_to();
    int r = hy_pg_script(link, text);

    if (r < 0)
        hy_tap_fail(__FILE__, __LINE__, "%s: %s", text, hy_pg_link_why(link));
    hy_pg_link_close(link);
}

void transfer_empty_database(void)
{
    run_script("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
}

/* --- transfers --------------------------------------------------------------------------------- */

int transfer_with(struct hy_transfer_config config)
{
    config.from = transfer_file();
    config.to = url;
    return hy_transfer(&config, &rig.arena, &transfer_report, transfer_why, sizeof transfer_why);
}

void transfer_close_file(void)
{
    hy_store_close(rig.store);
    rig.store = NULL;
}

void transfer_all(size_t batch_rows)
{
    int r;

    transfer_close_file();
    r = transfer_with((struct hy_transfer_config){.batch_rows = batch_rows});
    for (size_t i = 0; i < transfer_report.count; i++)
        if (transfer_report.lines[i].from != transfer_report.lines[i].to)
            printf("# %s: %" PRId64 ", %" PRId64 "\n", transfer_report.lines[i].what,
                   transfer_report.lines[i].from, transfer_report.lines[i].to);
    if (r < 0)
        hy_tap_fail(__FILE__, __LINE__, "transfer: %s: %s", hy_err_text(r), transfer_why);
}

void transfer_open_database(void)
{
    rig_open(url, true, &rig.store);
}

/* --- refused ----------------------------------------------------------------------------------- */

static void refused(struct hy_transfer_config config, int error, const char *says)
{
    int r = transfer_with(config);

    CHECK_INT(r, error);
    if (!strstr(transfer_why, says))
        hy_tap_fail(__FILE__, __LINE__, "says \"%s\", not \"%s\"", transfer_why, says);
}

static int open_result(const char *location)
{
    struct hy_store_config config = {.location = location, .inline_mode = true};
    struct hy_store *store = NULL;
    int r = hy_store_open(&config, &store, transfer_why, sizeof transfer_why);

    hy_store_close(store);
    return r;
}

static bool stop_at_the_third(const struct hy_transfer_progress *progress, void *arg)
{
    return ++*(int *)arg < 3;
}

static void a_server_has_the_file_open(void)
{
    transfer_empty_database();
    refused((struct hy_transfer_config){0}, HY_E_BUSY, "is open in another process");
}

static void there_is_no_file(void)
{
    struct hy_transfer_config config = {.from = "/nowhere/store.db", .to = url};

    CHECK_INT(hy_transfer(&config, &rig.arena, &transfer_report, transfer_why, sizeof transfer_why),
              HY_E_NOT_FOUND);
    CHECK(strstr(transfer_why, "/nowhere/store.db"));
}

/* It goes to the screen and into the file's mark. */
static void no_password_is_shown(void)
{
    static const struct {
        const char *url, *shown;
    } cases[] = {
        {"postgresql://u:s3?cret@host:5432/db?password=s3cret", "postgresql://host:5432/db"},
        {"postgresql://u:s3cret@a,b/db", "postgresql://a,b/db"},
        {"postgresql://host/db@x?password=s3cret", "postgresql://host/db@x"},
        {"postgresql:///db?host=/run&password=s3cret", "postgresql:///db"},
        {"host=127.0.0.1 password=s3cret", "postgresql://"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hy_transfer_config config = {.from = "/nowhere/store.db", .to = cases[i].url};

        hy_transfer(&config, &rig.arena, &transfer_report, transfer_why, sizeof transfer_why);
        CHECK_TEXT(transfer_report.to, cases[i].shown);
        CHECK(!strstr(transfer_why, "s3"));
    }
}

static void another_master_key(void)
{
    struct hy_meta_put put = {.name = "master_key", .value = "0123456789abcdef"};

    CHECK_INT(run(&put.op, HY_VERB_META_PUT), 0);
    transfer_close_file();
    refused((struct hy_transfer_config){.key_fingerprint = "fedcba9876543210"}, HY_E_DENIED,
            "another master key");
    rig_reopen();
}

static void the_database_is_used(void)
{
    transfer_empty_database();
    transfer_close_file();
    CHECK_INT(open_result(url), 0);
    run_script("INSERT INTO api_key (name, hash, scopes, created_at_ms, revoked_at_ms) VALUES "
               "('admin', '', 1, 1, 0)");
    refused((struct hy_transfer_config){0}, HY_E_CONFLICT, "not empty");
    rig_reopen(); /* the file is as it was */
}

static void both_are_refused_in_between(void)
{
    int batches = 0;

    transfer_empty_database();
    post("u");
    transfer_close_file();
    refused((struct hy_transfer_config){.progress = stop_at_the_third, .arg = &batches},
            HY_E_STOPPED, "run it again");
    CHECK_INT(open_result(url), HY_E_CONFLICT);
    CHECK(strstr(transfer_why, "migrate-store was cut short"));
    CHECK_INT(open_result(rig.location), HY_E_CONFLICT);
    CHECK(strstr(transfer_why, "is being moved"));
    CHECK(!strstr(transfer_why, "hongyan@")); /* whoever it is, he may have a password */
    transfer_all(0);
    CHECK(transfer_report.resumed);
    CHECK_INT(open_result(url), 0);
    CHECK_INT(open_result(rig.location), HY_E_CONFLICT);
    CHECK(strstr(transfer_why, "was moved to postgresql://"));
    transfer_open_database();
}

static void twice_is_once(void)
{
    transfer_empty_database();
    transfer_close_file();
    CHECK_INT(transfer_with((struct hy_transfer_config){0}), 0);
    CHECK_INT(transfer_with((struct hy_transfer_config){0}), 0);
    CHECK(transfer_report.before);
    CHECK_INT((int)transfer_report.rows, 0);
    transfer_open_database();
}

static void another_file_does_not_get_in_between(void)
{
    int batches = 0;
    char to[64];

    transfer_empty_database();
    transfer_close_file();
    refused((struct hy_transfer_config){.progress = stop_at_the_third, .arg = &batches},
            HY_E_STOPPED, "run it again");
    CHECK_INT(hy_transfer_undo(transfer_file(), to, sizeof to, transfer_why, sizeof transfer_why),
              0); /* from now on it is another transfer */
    CHECK(strstr(to, "postgresql://"));
    refused((struct hy_transfer_config){0}, HY_E_CONFLICT, "another transfer");
    CHECK_INT(hy_transfer_undo(transfer_file(), to, sizeof to, transfer_why, sizeof transfer_why),
              HY_E_NOT_FOUND);
    rig_reopen();
}

static void a_moved_file_can_be_used_again(void)
{
    char to[64];
    int64_t id = post("u")->id;

    transfer_empty_database();
    transfer_close_file();
    CHECK_INT(transfer_with((struct hy_transfer_config){0}), 0);
    transfer_empty_database();
    refused((struct hy_transfer_config){0}, HY_E_CONFLICT, "was moved to");
    CHECK_INT(hy_transfer_undo(transfer_file(), to, sizeof to, transfer_why, sizeof transfer_why),
              0);
    rig_reopen();
    CHECK_STATE(id, FAILED);
}

static void a_file_that_changed_is_found_out(void)
{
    sqlite3 *file;
    int batches = 0;

    transfer_empty_database();
    post("u");
    transfer_close_file();
    refused((struct hy_transfer_config){.progress = stop_at_the_third, .arg = &batches},
            HY_E_STOPPED, "run it again");
    CHECK_INT(sqlite3_open(transfer_file(), &file), SQLITE_OK);
    CHECK_INT(sqlite3_exec(file, "DELETE FROM app WHERE id = 'wx1'", NULL, NULL, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_changes(file), 1);
    sqlite3_close(file);
    refused((struct hy_transfer_config){0}, HY_E_CORRUPT, "differ");
    CHECK_INT(open_result(url), HY_E_CONFLICT);
    transfer_empty_database();
    rig_open("memory:", true, &rig.store);
}

int main(void)
{
    url = getenv("HY_POSTGRES_URL");
    if (!url || !rig_init("sqlite:")) {
        fprintf(stderr, "usage: tests/postgres/with-postgres store-transfer\n");
        return 2;
    }
    CASE(there_is_no_file);
    CASE(no_password_is_shown);
    CASE(a_server_has_the_file_open);
    CASE(another_master_key);
    CASE(the_database_is_used);
    CASE(both_are_refused_in_between);
    CASE(twice_is_once);
    CASE(another_file_does_not_get_in_between);
    CASE(a_moved_file_can_be_used_again);
    CASE(a_file_that_changed_is_found_out);
    store_transfer_games_cases();
    rig_deinit();
    return hy_tap_end();
}
