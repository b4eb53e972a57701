#include "base/log.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/instant.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 2048 };

static const char *const names[] = {"debug", "info", "warn", "error", "none"};
static _Atomic int threshold = HY_LOG_INFO;

void hy_log_set_level(enum hy_log_level level)
{
    atomic_store(&threshold, (int)level);
}

int hy_log_level_parse(const char *text, enum hy_log_level *ret_level)
{
    for (int i = 0; i <= HY_LOG_NONE; i++) {
        if (strcmp(names[i], text) == 0) {
            *ret_level = (enum hy_log_level)i;
            return 0;
        }
    }
    return HY_E_INVALID;
}

void hy_log(enum hy_log_level level, const char *event, const char *format, ...)
{
    char line[LINE_BYTES], at[HY_INSTANT_TEXT_BYTES];
    va_list args;
    size_t used;
    ssize_t written;

    if ((int)level < atomic_load_explicit(&threshold, memory_order_relaxed))
        return;
    hy_instant_print(hy_clock_now_ms(), at);
    snprintf(line, sizeof line, "%s %s %s ", at, names[level], event);
    used = strlen(line);
    va_start(args, format);
    vsnprintf(line + used, sizeof line - used - 1, format, args);
    va_end(args);
    used = strlen(line);
    line[used] = '\n';
    written = write(STDERR_FILENO, line, used + 1);
    (void)written; /* nowhere left to complain */
}

const char *hy_log_safe(char *into, size_t size, const char *text)
{
    size_t at = 0;
    int quoted = text && (strchr(text, ' ') || !*text);

    if (!text)
        text = "-";
    if (quoted)
        into[at++] = '"';
    for (; *text && at + 8 < size; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
            at += (size_t)snprintf(into + at, size - at, "\\x%02x", c);
        else
            into[at++] = (char)c;
    }
    if (*text)
        at += (size_t)snprintf(into + at, size - at, "...");
    if (quoted)
        into[at++] = '"';
    into[at] = 0;
    return into;
}
