/*
 * fault_table_test.c - each fault of the store at each step of a service's life, once and for a while,
 * with the store's own check after each: one case a cell.
 *
 * Of a step that comes often only some are struck: of a verb one, another in each cell, and 4 of begin
 * and commit, spread evenly. HY_FAULT_STEPS=N strikes N of each, the first and the last among them,
 * HY_FAULT_STEPS=0 all (an hour). With an argument only rows whose name begins so are played.
 */
#include "tap.h"

#include "base/err.h"
#include "fault_life.h"

#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const verb_names[HY_VERB_COUNT] = {
    [HY_VERB_ADMIT] = "admit",
    [HY_VERB_CLAIM] = "claim",
    [HY_VERB_SETTLE] = "settle",
    [HY_VERB_CANCEL] = "cancel",
    [HY_VERB_RECOVER] = "recover",
    [HY_VERB_SWEEP] = "sweep",
    [HY_VERB_DEPOSIT] = "deposit",
    [HY_VERB_PURGE] = "purge",
    [HY_VERB_TIDY] = "tidy",
    [HY_VERB_HEAR] = "hear",
    [HY_VERB_APP_PUT] = "app put",
    [HY_VERB_META_GET] = "meta get",
    [HY_VERB_TOKEN_BEGIN] = "token begin",
    [HY_VERB_TOKEN_END] = "token end",
    [HY_VERB_SCHEDULE_PUT] = "schedule put",
    [HY_VERB_SCHEDULE_FIRE] = "schedule fire",
    [HY_VERB_SCHEDULE_RESULT] = "schedule result",
    [HY_VERB_SCHEDULES] = "schedules",
    [HY_VERB_APPS] = "apps",
    [HY_VERB_TOKENS] = "tokens",
    [HY_VERB_RETRY] = "retry",
    [HY_VERB_DEAD_RETRY] = "dead retry",
    [HY_VERB_AUDIENCE_ADD] = "audience add",
    [HY_VERB_AUDIENCE_COLLECT] = "audience collect",
    [HY_VERB_BROADCAST_PUT] = "broadcast put",
    [HY_VERB_BROADCAST_MOVE] = "broadcast move",
    [HY_VERB_BROADCAST_FEED] = "broadcast feed",
    [HY_VERB_BROADCAST_WIND_UP] = "broadcast wind up",
    [HY_VERB_WEBHOOK_PUT] = "webhook put",
    [HY_VERB_WEBHOOK_DELETE] = "webhook delete",
    [HY_VERB_OUTBOX_SETTLE] = "outbox settle",
    [HY_VERB_RETAIN] = "retain",
    [HY_VERB_VACUUM] = "vacuum",
    [HY_VERB_PAUSE_PUT] = "pause put",
    [HY_VERB_OUTBOX_CLAIM] = "outbox claim",
    [HY_VERB_BROADCASTS] = "broadcasts",
    [HY_VERB_WEBHOOKS] = "webhooks",
    [HY_VERB_PAUSES] = "pauses",
};

static const int storage_errors[] = {HY_E_IO, HY_E_FULL, HY_E_CORRUPT, HY_E_NOMEM, 0};
static const int verb_errors[] = {HY_E_IO, HY_E_FULL, HY_E_CORRUPT, HY_E_NOMEM, HY_E_BUSY, 0};
static const int commit_errors[] = {HY_E_IO, HY_E_FULL, HY_E_BUSY, HY_E_UNCERTAIN, 0};
static const int lost_errors[] = {HY_E_UNCERTAIN, 0};

static char folder[256];
static size_t steps_asked = SIZE_MAX; /* as many as is usual */
static const char *wanted_row = "";
static size_t passed[FAULT_PLACES][HY_VERB_COUNT];
static size_t cells;
static struct fault cell;

static void empty_folder(void)
{
    DIR *dir = opendir(folder);
    char path[600];

    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    if (dir)
        closedir(dir);
}

static bool play(const struct fault *fault, char *ret_fault, size_t size)
{
    char path[300];
    bool good;

    snprintf(path, sizeof path, "%s/life.db", folder);
    good = life_play(path, fault, ret_fault, size);
    empty_folder();
    return good;
}

static size_t count_of(const struct fault *fault)
{
    return passed[fault->place]
                 [fault->place == FAULT_VERB || fault->place == FAULT_LATE ? fault->verb : 0];
}

/* The i-th of the steps to strike; from 1, spread over all: where there is only one, over the cells. */
static size_t step_at(size_t i, size_t chosen, size_t count)
{
    return chosen < 2 ? 1 + cells * 7 % count : 1 + i * (count - 1) / (chosen - 1);
}

static void play_cell(void)
{
    size_t count = count_of(&cell);
    size_t usual = cell.place == FAULT_VERB || cell.place == FAULT_LATE ? 1 : 4;
    size_t most = steps_asked == SIZE_MAX ? usual : steps_asked;
    size_t chosen = most && count > most ? most : count;
    char fault[300];

    cells++;
    for (size_t i = 0; i < chosen; i++) {
        cell.step = step_at(i, chosen, count);
        if (!play(&cell, fault, sizeof fault))
            hy_tap_fail(__FILE__, __LINE__, "step %zu of %zu: %s", cell.step, count, fault);
        if (!faulty_struck())
            hy_tap_fail(__FILE__, __LINE__, "step %zu of %zu never came", cell.step, count);
    }
}

static void play_row(const char *name, enum fault_place place, enum hy_verb verb, const int *errors)
{
    char title[120];

    if (strncmp(name, wanted_row, strlen(wanted_row)) != 0)
        return;
    for (; *errors; errors++) {
        for (int for_ever = 0; for_ever < 2; for_ever++) {
            cell = (struct fault){place, verb, *errors, 0, for_ever};
            snprintf(title, sizeof title, "%s: %s, %s", name, hy_err_text(*errors),
                     for_ever ? "for a while" : "once");
            hy_tap_run(title, play_cell);
        }
    }
}

static void goes_well_without_a_fault(void)
{
    static const struct fault none = {.step = 0};
    char fault[300];

    if (!play(&none, fault, sizeof fault))
        hy_tap_fail(__FILE__, __LINE__, "%s", fault);
    passed[FAULT_BEGIN][0] = faulty_passed(FAULT_BEGIN, 0);
    passed[FAULT_COMMIT][0] = passed[FAULT_LOST_ANSWER][0] = faulty_passed(FAULT_COMMIT, 0);
    for (enum hy_verb v = 0; v < HY_VERB_COUNT; v++)
        passed[FAULT_VERB][v] = passed[FAULT_LATE][v] = faulty_passed(FAULT_VERB, v);
}

static void play_table(void)
{
    char name[80];

    play_row("begin", FAULT_BEGIN, 0, verb_errors);
    play_row("commit", FAULT_COMMIT, 0, commit_errors);
    play_row("commit done, its answer lost", FAULT_LOST_ANSWER, 0, lost_errors);
    for (enum hy_verb v = 0; v < HY_VERB_COUNT; v++) {
        if (!verb_names[v] || passed[FAULT_VERB][v] == 0)
            continue;
        play_row(verb_names[v], FAULT_VERB, v, verb_errors);
        snprintf(name, sizeof name, "%s, when it had written", verb_names[v]);
        if (v < HY_VERB_WRITES)
            play_row(name, FAULT_LATE, v, storage_errors);
    }
}

int main(int argc, char **argv)
{
    const char *steps = getenv("HY_FAULT_STEPS"), *tmp = getenv("TMPDIR");

    if (steps)
        steps_asked = (size_t)atoi(steps);
    if (argc > 1)
        wanted_row = argv[1];
    /* In memory where there is such a folder: nothing here depends on a real disk. */
    snprintf(folder, sizeof folder, "%s/hongyan-faults-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm"
             : tmp                         ? tmp
                                           : "/tmp");
    if (!mkdtemp(folder))
        return 2;
    RUN(goes_well_without_a_fault);
    if (hy_tap_failures == 0)
        play_table();
    rmdir(folder);
    return hy_tap_end();
}
