/*
 * alarm.h - "call this in so many milliseconds", for answers that are held back.
 *
 * One thread with a heap of what is to ring. The server's own thread must never sleep, so a slow
 * answer is deferred there and woken from here. Real time: the virtual clock does not hurry it.
 */
#ifndef HY_SIM_ALARM_H
#define HY_SIM_ALARM_H

#include <stdint.h>

struct hy_sim_alarm;

/* HY_E_NOMEM, HY_E_IO (no thread). */
int hy_sim_alarm_start(struct hy_sim_alarm **ret_alarm);

/* Calls `ring` once, on the alarm's thread, `delay_ms` from now. Rings at once, on the caller's own
 * thread, when there is no memory to wait or the alarm was quiesced. Any thread. */
void hy_sim_alarm_add(struct hy_sim_alarm *alarm, int64_t delay_ms, void (*ring)(void *arg),
                      void *arg);

/* Rings everything that waits, now, and keeps nothing waiting from here on. */
void hy_sim_alarm_quiesce(struct hy_sim_alarm *alarm);

/* Null is legal. */
void hy_sim_alarm_free(struct hy_sim_alarm *alarm);

#endif
