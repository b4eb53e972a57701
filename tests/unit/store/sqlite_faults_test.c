/*
 * The files below SQLite fail: at a write, a sync, an open ... during commits and checkpoints, once and
 * for a while. What was acknowledged is there, what was refused is not; the same process goes on when
 * the fault is over, and what a process that died in the middle of it left behind opens and is whole.
 *
 * HY_FAULT_STEPS=N strikes N places of each kind (8 without it).
 */
#include "faulty_vfs.h"
#include "sqlite_rig.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 24, BATCH = 20, DATA_BYTES = 6000, TROUBLE_ROUNDS = 4 };

static const struct {
    const char *name;
    enum faulty_call call;
    int rc;
    int last; /* place that is surely reached */
} kinds[] = {{"a write, disk full", FAULTY_WRITE, SQLITE_FULL, 150},
             {"a write, I/O error", FAULTY_WRITE, SQLITE_IOERR_WRITE, 150},
             {"half a write, disk full", FAULTY_HALF_WRITE, SQLITE_FULL, 150},
             {"half a write, I/O error", FAULTY_HALF_WRITE, SQLITE_IOERR_WRITE, 150},
             {"a sync, I/O error", FAULTY_SYNC, SQLITE_IOERR_FSYNC, 24},
             {"a read, I/O error", FAULTY_READ, SQLITE_IOERR_READ, 8},
             {"a truncation, I/O error", FAULTY_TRUNCATE, SQLITE_IOERR_TRUNCATE, 1},
             {"shared memory, disk full", FAULTY_MAP, SQLITE_FULL, 1},
             {"an open, no descriptors", FAULTY_OPEN, SQLITE_CANTOPEN, 1}};

static size_t kind;
static bool for_ever;
static int steps = 8;

static int64_t app;
static int results[ROUNDS + 1]; /* of each round's call, and of none */

static int64_t id_of(int round, int i)
{
    return 1 + (int64_t)round * BATCH + i;
}

static int admit_round(struct hy_store *store, int round)
{
    static char data[DATA_BYTES + 1];
    struct hy_message messages[BATCH];
    struct hy_admit_item items[BATCH];
    char users[BATCH][32];
    struct hy_admit v = {
        .op = {.verb = HY_VERB_ADMIT}, .items = items, .count = BATCH, .now_ms = 1000};
    struct hy_arena arena;
    int r;

    memset(data, 'x', DATA_BYTES);
    for (int i = 0; i < BATCH; i++) {
        snprintf(users[i], sizeof users[i], "user%lld", (long long)id_of(round, i));
        messages[i] = (struct hy_message){.id = id_of(round, i),
                                          .app_no = app,
                                          .user = users[i],
                                          .template_id = "T1",
                                          .data = data,
                                          .on_missing = HY_ON_MISSING_TRY,
                                          .accepted_at_ms = 1000};
        items[i] = (struct hy_admit_item){.message = &messages[i]};
    }
    hy_arena_init(&arena);
    v.arena = &arena;
    r = hy_store_run(store, &v.op);
    hy_arena_deinit(&arena);
    return r;
}

/* --- looking ---------------------------------------------------------------------------------- */

static void look_at(struct hy_store *store, int rounds, const char *when)
{
    for (int round = 0; round < rounds; round++) {
        int is = rig_state(store, id_of(round, BATCH - 1));

        if (results[round] == HY_E_UNCERTAIN)
            continue; /* nobody was told anything */
        if (is != (results[round] == 0 ? (int)HY_MESSAGE_QUEUED : HY_E_NOT_FOUND))
            hy_tap_fail(__FILE__, __LINE__, "%s: round %d ended with %d, its message is %d", when,
                        round, results[round], is);
    }
    if (rig_check(store) > 0)
        hy_tap_fail(__FILE__, __LINE__, "%s: %s", when, rig_explain);
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[65536];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t got;

    CHECK(out >= 0);
    while (in >= 0 && (got = read(in, bytes, sizeof bytes)) > 0)
        CHECK_INT(write(out, bytes, (size_t)got), got);
    close(in);
    close(out);
}

static void remove_store(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    char name[320];

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

/* The process dies now: what is in the files is all there is. */
static void look_at_remains(int rounds)
{
    char from[320], to[320];
    struct hy_store *store;

    copy_file(rig_path("a.db"), rig_path("b.db"));
    snprintf(from, sizeof from, "%s-wal", rig_path("a.db"));
    snprintf(to, sizeof to, "%s-wal", rig_path("b.db"));
    copy_file(from, to);
    store = rig_open(rig_path("b.db"));
    look_at(store, rounds, "after a kill");
    hy_store_close(store);
    remove_store(rig_path("b.db"));
}

/* --- playing ---------------------------------------------------------------------------------- */

/* Refused rounds are asked again once it is over: they must be possible. */
static void ask_again(struct hy_store *store)
{
    for (int round = 0; round < ROUNDS; round++) {
        if (results[round] == HY_E_UNCERTAIN &&
            rig_state(store, id_of(round, 0)) == HY_MESSAGE_QUEUED)
            results[round] = 0;
        if (results[round] == 0)
            continue;
        results[round] = admit_round(store, round);
        CHECK_INT(results[round], 0);
    }
}

/* What the checkpointer does when the log has grown for long, here after each fourth round. */
static void checkpoint(sqlite3 *db)
{
    sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static void run_rounds(struct hy_store *store, sqlite3 *db)
{
    int struck_in = -1;

    for (int round = 0; round < ROUNDS; round++) {
        results[round] = admit_round(store, round);
        if (round % 4 == 3)
            checkpoint(db);
        if (faulty_vfs_struck() && struck_in < 0)
            struck_in = round;
        if (struck_in >= 0 && round == struck_in + (for_ever ? TROUBLE_ROUNDS : 0)) {
            faulty_vfs_lift();
            look_at_remains(round + 1);
        }
    }
    faulty_vfs_lift();
}

static void play(int nth)
{
    struct hy_store *store = rig_open(rig_path("a.db"));
    sqlite3 *db = NULL;
    bool struck;

    CHECK_INT(sqlite3_open(rig_path("a.db"), &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, "PRAGMA user_version", NULL, NULL, NULL), SQLITE_OK);
    app = rig_app(store);
    faulty_vfs_plan(kinds[kind].call, kinds[kind].rc, nth, for_ever);
    run_rounds(store, db);
    struck = faulty_vfs_struck() > 0;
    sqlite3_close(db);
    look_at(store, ROUNDS, "afterwards");
    ask_again(store);
    look_at(store, ROUNDS, "when asked again");
    hy_store_close(store);
    store = rig_open(rig_path("a.db"));
    look_at(store, ROUNDS, "after a restart");
    hy_store_close(store);
    remove_store(rig_path("a.db"));
    if (!struck && nth == 1 && kinds[kind].last > 1)
        hy_tap_fail(__FILE__, __LINE__, "it never struck");
}

static void play_kind(void)
{
    int last = kinds[kind].last, count = last < steps ? last : steps;

    rig_begin();
    for (int i = 0; i < count; i++)
        play(count < 2 ? 1 : 1 + i * (last - 1) / (count - 1));
    rig_end();
}

/* Opening fails at any file: it says so, nothing is left open, and the next time it opens. */
static void opens_when_it_can_again(void)
{
    struct hy_store *store = NULL;
    int r = 0;

    rig_begin();
    for (enum faulty_call call = FAULTY_WRITE; call < FAULTY_CALLS; call++) {
        int failures = 0;

        for (int nth = 1; nth < 400; nth += nth < 20 ? 1 : 13) {
            faulty_vfs_plan(call, call == FAULTY_OPEN ? SQLITE_CANTOPEN : SQLITE_IOERR, nth, true);
            r = rig_try_open(rig_path("a.db"), true, &store);
            faulty_vfs_lift();
            if (r == 0)
                hy_store_close(store);
            else if (!rig_explain[0])
                hy_tap_fail(__FILE__, __LINE__, "%d: %d, no reason is given", (int)call, r);
            failures += r != 0;
            if (!faulty_vfs_struck())
                break;
        }
        store = rig_open(rig_path("a.db"));
        CHECK_INT(rig_check(store), 0);
        hy_store_close(store);
        remove_store(rig_path("a.db"));
        CHECK(failures > 0 || call == FAULTY_TRUNCATE);
    }
    rig_end();
}

int main(void)
{
    const char *asked = getenv("HY_FAULT_STEPS");
    char title[100];

    if (asked)
        steps = atoi(asked);
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0); /* no real disk is needed: its syncs take long */
    faulty_vfs_install();
    for (kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        for (int mode = 0; mode < 2; mode++) {
            for_ever = mode == 1;
            snprintf(title, sizeof title, "%s, %s", kinds[kind].name,
                     for_ever ? "for a while" : "once");
            hy_tap_run(title, play_kind);
        }
    }
    RUN(opens_when_it_can_again);
    return hy_tap_end();
}
