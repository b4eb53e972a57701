#include "engine/alarm.h"

struct sums {
    int64_t answered, refused;
};

static bool within(int64_t number, int64_t now_ms)
{
    int64_t present = now_ms / HY_ALARM_SLOT_MS;

    /* A clock that went back leaves slots of the future: they are not of these ten minutes. */
    return number <= present && number > present - HY_ALARM_SLOTS;
}

static struct sums sum(const struct hy_alarm *alarm, int64_t now_ms)
{
    struct sums s = {0};

    for (int i = 0; i < HY_ALARM_SLOTS; i++) {
        if (!within(alarm->slots[i].number, now_ms))
            continue;
        s.answered += alarm->slots[i].answered;
        s.refused += alarm->slots[i].refused;
    }
    return s;
}

bool hy_alarm_note(struct hy_alarm *alarm, bool refused, int64_t now_ms)
{
    int64_t number = now_ms / HY_ALARM_SLOT_MS;
    int i = (int)(number % HY_ALARM_SLOTS);
    struct sums s;

    if (alarm->slots[i].number != number) {
        alarm->slots[i].number = number;
        alarm->slots[i].answered = alarm->slots[i].refused = 0;
    }
    alarm->slots[i].answered++;
    alarm->slots[i].refused += refused;
    alarm->recent += ((refused ? HY_ALARM_WHOLE : 0) - alarm->recent) / HY_ALARM_RECENT;
    s = sum(alarm, now_ms);
    if (alarm->since_ms || s.refused < HY_ALARM_REFUSALS ||
        (2 * s.refused < s.answered && 2 * alarm->recent < HY_ALARM_WHOLE))
        return false;
    alarm->since_ms = now_ms;
    return true;
}

bool hy_alarm_calm(struct hy_alarm *alarm, int64_t now_ms)
{
    struct sums s;

    if (!alarm->since_ms)
        return false;
    s = sum(alarm, now_ms);
    if (2 * s.refused >= HY_ALARM_REFUSALS &&
        (4 * s.refused >= s.answered || 4 * alarm->recent >= HY_ALARM_WHOLE))
        return false;
    alarm->since_ms = 0;
    return true;
}

int64_t hy_alarm_next_ms(const struct hy_alarm *alarm, int64_t now_ms)
{
    return alarm->since_ms ? (now_ms / HY_ALARM_SLOT_MS + 1) * HY_ALARM_SLOT_MS : INT64_MAX;
}

int64_t hy_alarm_refusals(const struct hy_alarm *alarm, int64_t now_ms)
{
    return sum(alarm, now_ms).refused;
}
