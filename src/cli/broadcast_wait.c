/* Following a broadcast. */
#include "cli/broadcast.h"

#include "base/clock.h"
#include "base/instant.h"
#include "cli/bar.h"
#include "cli/table.h"
#include "cli/view.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const long first_wait_ms = 50, wait_max_ms = 1000;
static const int64_t away_max_us = 60000000; /* a restart of the server, and its migration */

struct follow {
    struct hy_cli *cli;
    struct hy_client_answer *answer;
    struct hy_client_call call;
    struct hy_arena answers; /* the latest answer's memory: a broadcast may take days */
    struct hy_bar bar;
    int64_t decided, at_us; /* when the pace was looked at last */
    double pace;            /* per second */
    double part;            /* of all, as shown last */
};

static int64_t number(const struct follow *f, const char *name)
{
    return json_integer_value(json_object_get(f->answer->json, name));
}

static const char *word(const struct follow *f, const char *name)
{
    const char *text = json_string_value(json_object_get(f->answer->json, name));

    return text ? text : "";
}

static bool is_state(const struct follow *f, const char *state)
{
    return strcmp(word(f, "state"), state) == 0;
}

/* Over the last seconds, so that a short rest does not look like the end. */
static void look_at_pace(struct follow *f, int64_t decided)
{
    int64_t now_us = hy_clock_mono_us(), passed_us = now_us - f->at_us;
    double now;

    if (f->at_us && passed_us < 1000000)
        return;
    now = (double)(decided - f->decided) * 1e6 / (double)(passed_us ? passed_us : 1);
    if (f->at_us)
        f->pace = f->pace > 0 ? f->pace * 0.7 + now * 0.3 : now;
    f->at_us = now_us;
    f->decided = decided;
}

static void add(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);

    snprintf(text + used, size - used, "%s%s", used ? ", " : "", more);
}

static void add_count(const struct follow *f, char *text, size_t size, const char *name)
{
    char part[64], digits[32];

    if (number(f, name) == 0)
        return;
    snprintf(part, sizeof part, "%s %s", hy_bar_number(number(f, name), digits), name);
    add(text, size, part);
}

static void add_time(const struct follow *f, char *text, size_t size)
{
    int64_t eta_ms, left_s;
    char part[80], duration[32];

    if (f->pace >= 1) {
        snprintf(part, sizeof part, "%.0f a second", f->pace);
        add(text, size, part);
    }
    if (*word(f, "quota_until")) {
        snprintf(part, sizeof part, "the day's quota is used up until %.30s",
                 hy_text_clean(&f->cli->arena, word(f, "quota_until")));
        add(text, size, part);
    } else if (hy_instant_parse(word(f, "eta"), &eta_ms) == 0) {
        left_s = (eta_ms - hy_clock_now_ms()) / 1000;
        snprintf(part, sizeof part, "%s left", hy_bar_duration(left_s > 0 ? left_s : 0, duration));
        add(text, size, part);
    }
}

static void show(struct follow *f, bool last)
{
    static const char *const counts[] = {"failed",  "unknown",  "waiting",
                                         "expired", "canceled", NULL};
    int64_t total = number(f, "total"), decided = total - number(f, "queued");
    char text[160] = "", sent[32], of[32], part[100];

    look_at_pace(f, decided);
    if (!is_state(f, "running") && !is_state(f, "done"))
        add(text, sizeof text, hy_text_clean(&f->cli->arena, word(f, "state")));
    snprintf(part, sizeof part, "%s of %s sent", hy_bar_number(number(f, "sent"), sent),
             hy_bar_number(total, of));
    add(text, sizeof text, part);
    for (int i = 0; counts[i]; i++)
        add_count(f, text, sizeof text, counts[i]);
    if (is_state(f, "running"))
        add_time(f, text, sizeof text);
    f->part = total > 0 ? (double)decided / (double)total : 0;
    hy_bar_show(&f->bar, f->part, text, last);
}

/* Replaces the answer; all memory of the one before is free. */
static int ask(struct follow *f)
{
    struct hy_arena kept = f->cli->arena, answers;
    struct hy_client_answer next;
    int code;

    hy_arena_init(&f->cli->arena);
    code = hy_client_send(f->cli, &f->call, &next);
    answers = f->cli->arena;
    f->cli->arena = kept;
    json_decref(f->answer->json);
    *f->answer = next;
    hy_arena_deinit(&f->answers);
    f->answers = answers;
    return code;
}

static void pause_ms(long ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&wait, NULL);
}

/* The broadcast goes on when the server is there again, so this does too. */
static int ask_patiently(struct follow *f)
{
    int64_t end_us = hy_clock_mono_us() + away_max_us;
    int code;

    for (;;) {
        f->call.repeats = hy_clock_mono_us() < end_us;
        code = ask(f);
        if (code != HY_EXIT_FAILED || !hy_client_away(f->answer) || !f->call.repeats)
            return code;
        hy_bar_show(&f->bar, f->part, "the server does not answer; trying again", false);
        pause_ms(wait_max_ms);
    }
}

/* The answer outlives `answers`. */
static void keep_answer(struct follow *f)
{
    const char *text = hy_arena_strdup(&f->cli->arena, f->answer->text);

    f->answer->text = text ? text : "";
    hy_arena_deinit(&f->answers);
}

int hy_broadcast_wait(struct hy_cli *cli, struct hy_client_answer *answer)
{
    struct follow f = {.cli = cli, .answer = answer, .call.method = "GET"};
    long wait_ms = first_wait_ms;
    int code = HY_EXIT_DONE;

    if (is_state(&f, "draft")) {
        hy_fault("it is a draft: `hongyan broadcast start %s` starts it",
                 hy_text_clean(&cli->arena, word(&f, "id")));
        return HY_EXIT_FAILED;
    }
    f.call.path = hy_arena_printf(&cli->arena, "/v1/broadcasts/%s", word(&f, "id"));
    hy_arena_init(&f.answers);
    hy_bar_init(&f.bar);
    while (code == HY_EXIT_DONE && !is_state(&f, "done") && !is_state(&f, "canceled")) {
        show(&f, false);
        pause_ms(wait_ms);
        wait_ms = wait_ms * 3 / 2 < wait_max_ms ? wait_ms * 3 / 2 : wait_max_ms;
        code = ask_patiently(&f);
    }
    if (code == HY_EXIT_DONE)
        show(&f, true);
    hy_bar_end(&f.bar);
    keep_answer(&f);
    if (code == HY_EXIT_DONE && is_state(&f, "canceled")) {
        hy_fault("it was canceled");
        code = HY_EXIT_FAILED;
    }
    return code;
}
