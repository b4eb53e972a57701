#include "base/json_load.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A body of a message has some 90 events; what has more takes room from the heap. */
enum { FIRST_EVENTS = 128 };

/* A block's address when it was given, with FREED added when it was taken back: addresses from
 * malloc() are even. Kept here and not in front of the blocks, so that they stay what malloc() gave:
 * free() is right for them wherever they come from. */
enum { FREED = 1 };

struct parse {
    jmp_buf out;
    struct hy_arena *arena; /* null: the events below tell what to give back after a jump */
    uintptr_t *events, *next, *end;
    uintptr_t first[FIRST_EVENTS];
};

static _Thread_local struct parse *parsing; /* what this thread is in, or null */
static _Thread_local bool starved;

/* Does not return inside a parse. */
__attribute__((cold, noinline)) static void *no_memory(void)
{
    starved = true;
    if (parsing)
        longjmp(parsing->out, 1);
    return NULL;
}

/* There is room for one more when it returns. */
__attribute__((cold, noinline)) static void more_room(struct parse *p)
{
    size_t used = (size_t)(p->next - p->events);
    uintptr_t *events = malloc(2 * used * sizeof *events);

    if (!events) {
        no_memory();
        return;
    }
    memcpy(events, p->events, used * sizeof *events);
    if (p->events != p->first)
        free(p->events);
    p->events = events;
    p->next = events + used;
    p->end = events + 2 * used;
}

static void *give_and_note(struct parse *p, size_t size)
{
    void *block;

    if (p->next == p->end)
        more_room(p);
    block = malloc(size);
    if (!block)
        return no_memory();
    *p->next++ = (uintptr_t)block;
    return block;
}

static void *give(size_t size)
{
    struct parse *p = parsing;
    void *block;

    if (p && !p->arena)
        return give_and_note(p, size);
    block = p ? hy_arena_take(p->arena, size) : malloc(size);
    return block ? block : no_memory();
}

static void take_back(void *block)
{
    struct parse *p = parsing;

    if (p && p->arena) /* a parse takes back only what it gave */
        return;
    if (p && block) {
        if (p->next == p->end)
            more_room(p);
        *p->next++ = (uintptr_t)block + FREED;
    }
    free(block);
}

static int by_address(const void *a, const void *b)
{
    uintptr_t left = *(const uintptr_t *)a, right = *(const uintptr_t *)b;

    return (left > right) - (left < right);
}

/* An address may have been given, taken back and given again: it is out when it was given once more
 * than it was taken back. */
static void free_what_is_out(struct parse *p)
{
    size_t used = (size_t)(p->next - p->events);

    qsort(p->events, used, sizeof *p->events, by_address);
    for (size_t i = 0; i < used;) {
        uintptr_t block = p->events[i];
        int out = 0;

        for (; i < used && p->events[i] - block <= FREED; i++)
            out += p->events[i] == block ? 1 : -1;
        if (out > 0)
            free((void *)block);
    }
}

/* The parse is the caller's: what a function itself holds is not sure after a jump into it. */
static json_t *load_or_leave(struct parse *p, const char *bytes, size_t size, json_error_t *error)
{
    if (setjmp(p->out) == 0)
        return json_loadb(bytes, size, JSON_REJECT_DUPLICATES, error);
    return NULL;
}

json_t *hy_json_load(const char *bytes, size_t size, struct hy_arena *arena, json_error_t *error)
{
    struct parse parse;
    json_t *root;

    hy_json_watch_memory();
    parse.arena = arena;
    parse.events = parse.next = parse.first;
    parse.end = parse.first + FIRST_EVENTS;
    starved = false;
    parsing = &parse;
    root = load_or_leave(&parse, bytes, size, error);
    parsing = NULL;
    if (starved)
        free_what_is_out(&parse);
    if (parse.events != parse.first)
        free(parse.events);
    return root;
}

static void watch(void)
{
    json_set_alloc_funcs(give, take_back);
}

void hy_json_watch_memory(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, watch);
}

bool hy_json_short_of_memory(void)
{
    return starved;
}

void hy_json_clear_short_of_memory(void)
{
    starved = false;
}
