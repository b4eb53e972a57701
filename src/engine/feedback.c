/*
 * feedback.c - what an answer says of the channel, beside what it says of its message.
 */
#include "engine/internal.h"

#include <string.h>

/* Which verdicts say that the channel itself works, whatever became of the message. */
static bool channel_works(enum hy_verdict verdict)
{
    return verdict == HY_VERDICT_OK || verdict == HY_VERDICT_GRANT_GONE ||
           verdict == HY_VERDICT_USER_GONE || verdict == HY_VERDICT_BAD_PAYLOAD;
}

/* Both gates that a message has to do with: where it stood, and whose quota it used. They differ
 * where a template is not known. */
static void each_gate(struct hy_attempt_run *run,
                      void (*tell)(struct hy_attempt_run *run, enum hy_channel channel))
{
    tell(run, run->sent_by);
    if (run->queued_in != run->sent_by)
        tell(run, run->queued_in);
}

static void pause_gate(struct hy_attempt_run *run, enum hy_channel channel)
{
    const struct hy_judgement *j = &run->outcome.attempt.judgement;
    struct hy_gate_pause pause = {
        .hold = HY_GATE_VERDICT,
        .until_ms = run->outcome.settlement.lane_pause_until_ms,
        .probe = j->verdict == HY_VERDICT_RATE,
        .by_clock = j->hint == HY_HINT_NEXT_MINUTE || j->hint == HY_HINT_NEXT_DAY ||
                    j->hint == HY_HINT_NEXT_MONTH,
        .reason = run->outcome.settlement.reason,
    };

    hy_gate_pause(run->engine, run->lane, channel, &pause);
}

static bool left_since(const struct hy_attempt_run *run, enum hy_channel channel)
{
    return run->pauses[channel] == run->lane->gates[channel].pauses;
}

static void reopen_gate(struct hy_attempt_run *run, enum hy_channel channel)
{
    if (left_since(run, channel))
        hy_gate_reopen(run->engine, run->lane, channel);
}

/* What was wrong with the account was wrong for all. */
static void reopen_account(struct hy_attempt_run *run)
{
    for (int c = 0; c < HY_CHANNELS; c++) {
        if (strncmp(run->lane->gates[c].pause_reason, "account.", 8) == 0)
            reopen_gate(run, (enum hy_channel)c);
    }
}

void hy_feedback_verdict(struct hy_attempt_run *run)
{
    const struct hy_judgement *j = &run->outcome.attempt.judgement;

    if (j->verdict == HY_VERDICT_TOKEN)
        hy_keeper_refused(run->engine, run->lane, run->token_version);
    else if (j->verdict == HY_VERDICT_ACCOUNT)
        for (int c = 0; c < HY_CHANNELS; c++)
            pause_gate(run, (enum hy_channel)c);
    else if (run->outcome.settlement.lane_pause_until_ms)
        each_gate(run, pause_gate);
    else if (channel_works(j->verdict)) {
        each_gate(run, reopen_gate);
        reopen_account(run);
    }
}

/* --- how much the other side takes ------------------------------------------------------------ */

static void pause_dead(struct hy_attempt_run *run, const struct hy_http_response *response,
                       int64_t for_ms)
{
    bool reached = response->outcome == HY_HTTP_NO_ANSWER;
    struct hy_gate_pause pause = {.hold = HY_GATE_DEAD,
                                  .until_ms = run->engine->config.now_ms() + for_ms,
                                  .reason = reached ? "dead.no_answer" : "dead.connect"};

    hy_gate_pause(run->engine, run->lane, run->queued_in, &pause);
}

/* The window is that of the gate which let it through: only there it acts. An answer that cannot be
 * read and is no sign of strain says nothing of it. */
void hy_feedback_answer(struct hy_attempt_run *run, const struct hy_http_response *response)
{
    const struct hy_judgement *j = &run->outcome.attempt.judgement;
    struct hy_gate *gate = &run->lane->gates[run->queued_in];
    bool back = response->outcome == HY_HTTP_ANSWERED;
    enum hy_window_note note = !back         ? HY_WINDOW_DEAD
                               : j->strained ? HY_WINDOW_STRAIN
                                             : HY_WINDOW_GOOD;
    int64_t pause_ms = 0;

    if (j->answered)
        hy_gap_note(&run->lane->gates[run->sent_by].gap, j->overlapped);
    if (!back || j->strained || j->answered)
        pause_ms = hy_window_note(&gate->window, note, gate->in_flight,
                                  run->lane->app->settings.max_in_flight, run->started_ms,
                                  run->engine->config.now_ms());
    if (pause_ms)
        pause_dead(run, response, pause_ms);
    else if (back && gate->hold == HY_GATE_DEAD)
        reopen_gate(run, run->queued_in);
}
