/*
 * clock.h - the only place that reads the machine's clocks.
 *
 * Rules take time as an argument; only the outermost loops read it, once a turn.
 */
#ifndef HY_BASE_CLOCK_H
#define HY_BASE_CLOCK_H

#include <stdint.h>

/* Wall clock, milliseconds since the Unix epoch. */
int64_t hy_clock_now_ms(void);

/* Monotonic clock, microseconds since some start: for durations only. */
int64_t hy_clock_mono_us(void);

/* The same, which also goes on while the machine sleeps; milliseconds. */
int64_t hy_clock_boot_ms(void);

#endif
