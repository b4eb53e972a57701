/*
 * log.h - one line an event, key=value, to standard error.
 *
 *   hy_log(HY_LOG_INFO, "message.settled", "id=%s app=%s verdict=%s ms=%d", ...);
 *   -> 2026-03-01T08:00:00.123Z info message.settled id=... app=... verdict=ok ms=42
 *
 * The event name is a dotted constant that operators can grep for. Secrets never go into a line:
 * what comes from outside is printed through hy_log_safe(), which escapes control bytes and blanks
 * and cuts long text. Safe from any thread; a line is written with one call.
 */
#ifndef HY_BASE_LOG_H
#define HY_BASE_LOG_H

#include <stddef.h>

enum hy_log_level { HY_LOG_DEBUG, HY_LOG_INFO, HY_LOG_WARN, HY_LOG_ERROR, HY_LOG_NONE };

/* Lines below `level` are dropped; the default is HY_LOG_INFO. */
void hy_log_set_level(enum hy_log_level level);

/* Reads "debug", "info", "warn", "error" or "none"; HY_E_INVALID otherwise. */
int hy_log_level_parse(const char *text, enum hy_log_level *ret_level);

void hy_log(enum hy_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Text of others made fit for a log line: quoted when it holds blanks, \xNN for control bytes,
 * cut to fit `size`. Returns `into`. A null `text` gives "-". */
const char *hy_log_safe(char *into, size_t size, const char *text);

#endif
