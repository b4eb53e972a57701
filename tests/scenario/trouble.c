#include "trouble.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

enum { TRIES_MAX = 60, RETRY_MS = 10000, TROUBLE_MS = 150000 };

struct world trouble_world;
struct hy_arena trouble_arena;

static char *fault_text;
static size_t fault_size;
static int64_t struck_at_ms;
static void (*serve)(struct world *w);

void trouble_complain(const char *format, ...)
{
    va_list args;

    if (fault_text[0])
        return; /* the first one says most */
    va_start(args, format);
    vsnprintf(fault_text, fault_size, format, args);
    va_end(args);
}

bool trouble_complained(void)
{
    return fault_text[0] != 0;
}

/* --- time ------------------------------------------------------------------------------------- */

static void heal_in_time(void)
{
    if (faulty_struck() && struck_at_ms == 0)
        struck_at_ms = world_now_ms();
    if (struck_at_ms && world_now_ms() - struck_at_ms >= TROUBLE_MS)
        faulty_lift();
}

void trouble_pass(int64_t ms)
{
    for (; ms > 0; ms -= 1000) {
        world_advance(&trouble_world, 1000);
        serve(&trouble_world);
        heal_in_time();
    }
}

void trouble_sit_out(void)
{
    for (int i = 0; struck_at_ms && world_now_ms() - struck_at_ms < TROUBLE_MS && i < 600; i++)
        trouble_pass(1000);
    faulty_lift();
}

/* --- people ----------------------------------------------------------------------------------- */

static bool is_trouble(int result)
{
    return result == HY_E_IO || result == HY_E_FULL || result == HY_E_CORRUPT ||
           result == HY_E_NOMEM || result == HY_E_BUSY || result == HY_E_UNCERTAIN;
}

static bool start_again(struct world *w, int err)
{
    (void)w;
    world_sleep(RETRY_MS);
    heal_in_time();
    return is_trouble(err);
}

int trouble_keep_at(const char *what, int (*once)(void *arg), void *arg)
{
    int result = HY_E_IO;

    for (int i = 0; i < TRIES_MAX && is_trouble(result); i++) {
        result = once(arg);
        heal_in_time();
        if (is_trouble(result))
            trouble_pass(RETRY_MS);
    }
    if (result < 0 && result != HY_E_EXISTS)
        trouble_complain("%s: %s", what, hy_err_text(result));
    return result;
}

/* --- a life ----------------------------------------------------------------------------------- */

void trouble_begin(const char *path, const struct fault *fault, void (*platform)(struct world *w),
                   char *ret_fault, size_t size)
{
    static const struct fault none = {.step = 0};

    fault_text = ret_fault;
    fault_size = size;
    fault_text[0] = 0;
    struck_at_ms = 0;
    serve = platform;
    hy_arena_init(&trouble_arena);
    faulty_plan(&none);
    world_start_on(&trouble_world, faulty_store(), path, start_again);
    faulty_plan(fault);
}

bool trouble_end(void)
{
    faulty_lift();
    world_stop(&trouble_world);
    hy_arena_deinit(&trouble_arena);
    return !fault_text[0];
}
