#include "short_memory.h"

#include <stdlib.h>
#include <string.h>

/* What the linker calls the real ones (in this file they are written plainly: see tests/meson.build), and
 * what it puts in their place. */
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *from, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

static size_t calls, fails_at;
static bool active, for_ever, struck;

static bool refuse(void)
{
    if (!active)
        return false;
    calls++;
    if (for_ever ? calls < fails_at : calls != fails_at)
        return false;
    struck = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : calloc(count, size);
}

void *__wrap_realloc(void *from, size_t size)
{
    return refuse() ? NULL : realloc(from, size);
}

char *__wrap_strdup(const char *text)
{
    return refuse() ? NULL : strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
    return refuse() ? NULL : strndup(text, size);
}

void short_memory_begin(size_t nth, bool until_the_end)
{
    calls = 0;
    fails_at = nth;
    for_ever = until_the_end;
    struck = false;
    active = true;
}

void short_memory_pause(void)
{
    active = false;
}

void short_memory_resume(void)
{
    active = true;
}

size_t short_memory_calls(void)
{
    return calls;
}

bool short_memory_end(void)
{
    active = false;
    return struck;
}
