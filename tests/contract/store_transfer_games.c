/* Random games that are played on a file, moved, and go on in PostgreSQL. */
#include "store_transfer.h"

#include "store_bulk.h"
#include "store_player.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FIGURES_MAX = 400 };

static uint64_t seed;
static int moves;

/* --- random games ------------------------------------------------------------------------------ */

static struct player players[2];
static struct hy_store *reference;
static const char *seen[FIGURES_MAX]; /* figures that were not 0 in one of the games */
static size_t seen_count;

static void end_game(void)
{
    hy_store_close(reference);
    reference = NULL;
    player_deinit(&players[0]);
    player_deinit(&players[1]);
    memset(players, 0, sizeof players);
}

static void fail_with_line(const char *x, const char *y, const char *what)
{
    size_t line = 0;

    for (size_t i = 0; x[i] == y[i]; i++)
        if (x[i] == '\n')
            line = i + 1;
    hy_tap_fail(__FILE__, __LINE__,
                "seed %" PRIu64 ": %s: %.30s\n#   before: %.*s\n#   now:    %.*s", seed, what, x,
                (int)strcspn(x + line, "\n"), x + line, (int)strcspn(y + line, "\n"), y + line);
}

/* The same by both. */
static void turn(void (*play_it)(struct player *p), const char *what)
{
    for (int i = 0; i < 2; i++) {
        hy_arena_reset(&players[i].arena);
        hy_buf_clear(&players[i].out);
        play_it(&players[i]);
    }
    if (strcmp(hy_buf_text(&players[0].out), hy_buf_text(&players[1].out)) != 0)
        fail_with_line(hy_buf_text(&players[0].out), hy_buf_text(&players[1].out), what);
}

static void play(int count, const char *what)
{
    for (int i = 0; i < count; i++)
        turn(player_move, what);
}

/* Not beside the reference: what time has put together (which messages are deleted in a step, which ids
 * there are gaps between) may differ. The store says whether it is whole. */
static void play_alone(int count)
{
    struct player *p = &players[1];

    for (int i = 1; i <= count; i++) {
        hy_arena_reset(&p->arena);
        hy_buf_clear(&p->out);
        player_move(p);
        if (i % 50 == 0)
            player_check(p);
    }
}

static void note_seen(void)
{
    for (size_t i = 0; i < transfer_report.count; i++) {
        bool known = transfer_report.lines[i].from == 0;

        for (size_t j = 0; j < seen_count && !known; j++)
            known = strcmp(seen[j], transfer_report.lines[i].what) == 0;
        if (!known && seen_count < FIGURES_MAX)
            seen[seen_count++] = strdup(transfer_report.lines[i].what);
    }
}

static void begin_game(void)
{
    end_game();
    transfer_empty_database();
    rig_open("memory:", true, &reference);
    rig_add_app(reference);
    player_init(&players[0], reference, seed);
    player_init(&players[1], rig.store, seed);
}

static void everything_is_the_same_and_the_game_goes_on(void)
{
    begin_game();
    play(moves, "on the file");
    transfer_all(1 + seed * 7 % 50);
    note_seen();
    transfer_open_database();
    players[1].store = rig.store;
    turn(player_look, "after the transfer");
    turn(player_check, "after the transfer");
    play_alone(moves / 2);
    end_game();
}

static void run_game(uint64_t with_seed, int with_moves)
{
    char name[80];

    seed = with_seed;
    moves = with_moves;
    snprintf(name, sizeof name, "game_%" PRIu64 "_of_%d_moves_goes_on_in_postgresql", seed, moves);
    rig_run(name, everything_is_the_same_and_the_game_goes_on, true);
    end_game();
}

/* --- what no game has -------------------------------------------------------------------------- */

static void put_a_key(void)
{
    struct hy_key_put v = {
        .key = {.name = "admin", .hash = {1, 2, 3}, .scopes = 5, .created_at_ms = rig.now_ms}};

    CHECK_INT(run(&v.op, HY_VERB_KEY_PUT), 0);
}

static void put_templates(void)
{
    struct hy_template t = {.app_no = rig.app,
                            .id = "T1",
                            .kind = HY_TEMPLATE_ONCE,
                            .title = "取餐提醒",
                            .content = "{{thing1.DATA}}",
                            .synced_at_ms = rig.now_ms};
    struct hy_templates_put v = {.app_no = rig.app,
                                 .replace = true,
                                 .kinds = {[HY_TEMPLATE_ONCE] = true},
                                 .templates = &t,
                                 .count = 1,
                                 .now_ms = rig.now_ms};

    CHECK_INT(run(&v.op, HY_VERB_TEMPLATES_PUT), 0);
}

static void put_others(void)
{
    struct hy_session_cut cut = {.app_no = rig.app, .user = "u", .at_ms = rig.now_ms};
    struct hy_meta_put meta = {.name = "master_key", .value = "0123456789abcdef"};

    CHECK_INT(run(&cut.op, HY_VERB_SESSION_CUT), 0);
    CHECK_INT(run(&meta.op, HY_VERB_META_PUT), 0);
}

/* A message of a broadcast that rests. */
static int64_t set_one_aside(void)
{
    int64_t id = run_to(2);
    const struct hy_broadcast_feed *f;

    once("a", "T1", 1);
    once("b", "T1", 1);
    f = feed(id, 2);
    CHECK_INT(move_to(id, HY_BROADCAST_PAUSED, "operator"), 0);
    rig.queue = bulk_queue();
    rig.held = &id;
    rig.held_count = 1;
    CHECK_INT(claim(ALL)->count, 0);
    rig.held_count = 0;
    return f->ids[0];
}

static void check_in_postgresql(int64_t message_id)
{
    struct hy_keys keys = {.arena = &rig.arena};
    struct hy_templates templates = {.app_no = rig.app, .arena = &rig.arena};
    struct hy_session_cuts cuts = {.arena = &rig.arena};
    struct hy_meta_get meta = {.name = "master_key", .arena = &rig.arena};

    CHECK_INT(run(&keys.op, HY_VERB_KEYS), 0);
    CHECK_INT(keys.count, 1);
    CHECK_INT(keys.keys[0].hash[2], 3);
    CHECK_INT(run(&templates.op, HY_VERB_TEMPLATES), 0);
    CHECK_INT(templates.count, 1);
    CHECK_TEXT(templates.templates[0].title, "取餐提醒");
    CHECK_INT(templates.sync_count, 1);
    CHECK_INT(run(&cuts.op, HY_VERB_SESSION_CUTS), 0);
    CHECK_INT(cuts.count, 1);
    CHECK_TEXT(cuts.cuts[0].user, "u");
    CHECK_INT(run(&meta.op, HY_VERB_META_GET), 0);
    CHECK_TEXT(meta.value, "0123456789abcdef");
    CHECK_STATE(message_id, QUEUED);
    CHECK_INT(get(message_id)->due_at_ms, 0);
}

static void what_no_game_has(void)
{
    int64_t message_id;

    transfer_empty_database();
    put_a_key();
    put_templates();
    put_others();
    message_id = set_one_aside();
    transfer_all(0);
    note_seen();
    transfer_open_database();
    check_in_postgresql(message_id);
}

/* A figure that was always 0 would prove nothing. */
static void the_games_had_something_of_everything(void)
{
    static const char *const wanted[] = {"settings of the store",
                                         "apps",
                                         "tokens",
                                         "keys",
                                         "schedules",
                                         "templates",
                                         "template lists",
                                         "ended sessions",
                                         "pauses",
                                         "audit",
                                         "webhooks",
                                         "broadcasts",
                                         "counts of broadcasts",
                                         "audiences",
                                         "grants",
                                         "reach by counters",
                                         "reach by receipts",
                                         "answers",
                                         "newest answers of who did not",
                                         "identities",
                                         "events",
                                         "messages",
                                         "attempts",
                                         "due messages",
                                         "parked messages",
                                         "waiting messages",
                                         "messages under way",
                                         "messages that expire",
                                         "messages set aside",
                                         "dead letters",
                                         "idempotency keys",
                                         "counts of messages",
                                         "messages that await an event",
                                         "events that came early",
                                         "messages that count for caps",
                                         "outcomes"};
    int missing = 0;

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        bool found = false;

        for (size_t j = 0; j < seen_count && !found; j++)
            found = strcmp(seen[j], wanted[i]) == 0;
        if (!found)
            printf("# never there: %s\n", wanted[i]);
        missing += !found;
    }
    CHECK_INT(missing, 0);
}

/* --- killed ------------------------------------------------------------------------------------ */

static void sleep_us(int64_t us)
{
    struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    nanosleep(&t, NULL);
}

/* A child transfers until it is killed, after so long. True when it came to its end before. */
static bool transfer_and_kill(int64_t after_us, size_t batch_rows)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        int r = transfer_with((struct hy_transfer_config){.batch_rows = batch_rows});

        if (r < 0)
            fprintf(stderr, "# in the child: %s: %s\n", hy_err_text(r), transfer_why);
        _exit(r < 0 ? 1 : 0);
    }
    sleep_us(after_us);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    if (WIFEXITED(status))
        CHECK_INT(WEXITSTATUS(status), 0);
    return WIFEXITED(status);
}

static void it_goes_on_after_each_of_many_kills(void)
{
    const char *own = getenv("HY_TRANSFER_KILLS");
    int wanted = own ? atoi(own) : 100, kills = 0, ends = 0;
    struct player *p = &players[1];

    begin_game();
    play(3000, "on the file");
    transfer_close_file();
    while (kills < wanted) {
        if (transfer_and_kill((int64_t)player_pick(p, 400000), 3)) {
            /* All of it is there: once more from the beginning. */
            CHECK_INT(hy_transfer_undo(transfer_file(), transfer_why, 1, transfer_why,
                                       sizeof transfer_why),
                      0);
            transfer_empty_database();
            ends++;
            continue;
        }
        kills++;
    }
    transfer_all(5000);
    printf("# killed %d times; %d times it was through before; the last one had %" PRId64
           " rows left\n",
           kills, ends, transfer_report.rows);
    CHECK(transfer_report.count > 0 || transfer_report.before);
    transfer_open_database();
    players[1].store = rig.store;
    turn(player_look, "after all the kills");
    turn(player_check, "after all the kills");
    end_game();
}

void store_transfer_games_cases(void)
{
    CASE(what_no_game_has);
    for (uint64_t i = 1; i <= 4; i++)
        run_game(i, 1500);
    CASE(the_games_had_something_of_everything);
    CASE(it_goes_on_after_each_of_many_kills);
    end_game();
    for (size_t i = 0; i < seen_count; i++)
        free((void *)(uintptr_t)seen[i]);
}
