#include "two_nodes.h"
#include "tap.h"

#include "engine/internal.h"

const char two_nodes_app[] = "wx0000000000000001";
struct world world;
struct hy_engine *a, *b;
struct hy_arena arena;

void two_nodes_note(struct hy_app_change *change, void *arg)
{
    *(int *)arg = change->put.op.result;
}

void two_nodes_change_app(struct hy_engine *engine, const char *id, json_t *body)
{
    struct hy_app_change change = {.done = two_nodes_note};
    struct hy_violations v;
    int result = 1;

    hy_violations_init(&v, &arena);
    change.arg = &result;
    CHECK_INT(hy_engine_app_change(engine, id, body, &v, &change), 0);
    world_settle(&world);
    CHECK_INT(result, 0);
    json_decref(body);
}

void two_nodes_begin(void)
{
    hy_arena_init(&arena);
    world_start_shared(&world);
    world_node_start(&world, "A", 0);
    world_node_start(&world, "B", 0);
    a = world_node(&world, "A")->engine;
    b = world_node(&world, "B")->engine;
    two_nodes_change_app(
        a, NULL,
        json_pack("{s:s, s:s}", "id", two_nodes_app, "secret", "0123456789abcdef0123456789abcdef"));
    world_advance(&world, 5000);
}

void two_nodes_end(void)
{
    world_stop(&world);
    hy_arena_deinit(&arena);
}

void two_nodes_run(struct hy_engine *engine, struct hy_op *op)
{
    CHECK_INT(hy_store_run(hy_engine_store(engine), op), 0);
}
