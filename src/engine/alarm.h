/*
 * alarm.h - refusals in numbers: when a platform suddenly refuses grants that the ledger is sure of,
 * the ledger is not what is wrong, and no grant is dropped for it.
 *
 * Counted in slots of half a minute over ten minutes. It begins with HY_ALARM_REFUSALS refusals that
 * are at least half of all that was answered in that time, or of the last answers: the first half of a
 * big broadcast may have gone well in those ten minutes. It ends when there are fewer than half as many,
 * or they are less than a quarter of both. Pure: the clock is an argument.
 */
#ifndef HY_ENGINE_ALARM_H
#define HY_ENGINE_ALARM_H

#include <stdbool.h>
#include <stdint.h>

enum {
    HY_ALARM_REFUSALS = 20,
    HY_ALARM_SLOTS = 20,
    HY_ALARM_SLOT_MS = 30000,
    HY_ALARM_RECENT = 128,   /* about so many answers are the last ones */
    HY_ALARM_WHOLE = 1 << 16 /* `recent`, when all of them were refusals */
};

struct hy_alarm {
    struct {
        int64_t number; /* time / HY_ALARM_SLOT_MS */
        int64_t answered, refused;
    } slots[HY_ALARM_SLOTS];
    int32_t recent;   /* share of refusals among the last answers, a moving average */
    int64_t since_ms; /* 0 = no alarm */
};

/* One subscription send was answered; `refused`: against a grant that nothing spoke against, or any
 * while there is an alarm. True when the alarm begins with it. */
bool hy_alarm_note(struct hy_alarm *alarm, bool refused, int64_t now_ms);

/* True when the alarm ends now. */
bool hy_alarm_calm(struct hy_alarm *alarm, int64_t now_ms);

/* When hy_alarm_calm() is to be asked again; INT64_MAX without an alarm. */
int64_t hy_alarm_next_ms(const struct hy_alarm *alarm, int64_t now_ms);

/* Refusals within the last ten minutes. */
int64_t hy_alarm_refusals(const struct hy_alarm *alarm, int64_t now_ms);

#endif
