/*
 * The store beside the reference: two players with the same seed play the same random game, one on
 * the memory backend, one on the store that is tested. After every move their outputs, written out
 * as text, must be the same; as long as they are, the players' own states are the same, too.
 *
 * HY_MODEL_SEED and HY_MODEL_STEPS play one longer game.
 */
#include "store_cases.h"
#include "store_player.h"

#include <inttypes.h>
#include <stdlib.h>

static uint64_t seed;
static int steps;

/* Fails with the first line that differs. */
static void compare(const struct player *a, const struct player *b, int step)
{
    const char *x = hy_buf_text(&a->out);
    const char *y = hy_buf_text(&b->out);
    size_t line = 0;

    if (strcmp(x, y) == 0)
        return;
    for (size_t i = 0; x[i] == y[i]; i++)
        if (x[i] == '\n')
            line = i + 1;
    hy_tap_fail(__FILE__, __LINE__, "seed %" PRIu64 " step %d: %.30s\n#   %s: %.*s\n#   %s: %.*s",
                seed, step, x, hy_store_kind(a->store), (int)strcspn(x + line, "\n"), x + line,
                hy_store_kind(b->store), (int)strcspn(y + line, "\n"), y + line);
}

static struct player players[2];
static struct hy_store *reference;

/* The same move by both. */
static void turn(void (*play_it)(struct player *p), int step)
{
    for (int i = 0; i < 2; i++) {
        hy_arena_reset(&players[i].arena);
        hy_buf_clear(&players[i].out);
        play_it(&players[i]);
    }
    compare(&players[0], &players[1], step);
}

/* Also what a game left that ended half-way. */
static void end_game(void)
{
    hy_store_close(reference);
    reference = NULL;
    player_deinit(&players[0]);
    player_deinit(&players[1]);
    memset(players, 0, sizeof players);
}

static void play_game(void)
{
    end_game();
    rig_open("memory:", true, &reference);
    rig_add_app(reference);
    player_init(&players[0], reference, seed);
    player_init(&players[1], rig.store, seed);
    for (int step = 1; step <= steps; step++) {
        turn(player_move, step);
        if (step % 50 == 0)
            turn(player_check, step);
    }
    turn(player_look, steps);
    turn(player_check, steps);
}

static void run_game(uint64_t with_seed, int with_steps)
{
    char name[60];

    seed = with_seed;
    steps = with_steps;
    snprintf(name, sizeof name, "random_game_%" PRIu64 "_of_%d_moves", seed, steps);
    rig_run(name, play_game, true);
    end_game();
}

void store_model_cases(void)
{
    const char *own_seed = getenv("HY_MODEL_SEED");
    const char *own_steps = getenv("HY_MODEL_STEPS");

    if (own_seed) {
        run_game(strtoull(own_seed, NULL, 10), own_steps ? atoi(own_steps) : 10000);
        return;
    }
    for (uint64_t i = 1; i <= 6; i++)
        run_game(i, 600);
}
