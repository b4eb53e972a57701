#include "tap.h"

#include "domain/message.h"
#include "domain/queue.h"

static int queue(enum hy_template_kind kind, bool urgent, int64_t broadcast_id)
{
    struct hy_message m = {.template_kind = kind, .urgent = urgent, .broadcast_id = broadcast_id};

    return hy_message_queue(&m);
}

static void each_message_has_its_queue(void)
{
    bool seen[HY_QUEUES] = {0};

    for (int kind = 0; kind < HY_TEMPLATE_KINDS; kind++)
        for (int urgent = 0; urgent < 2; urgent++)
            for (int64_t broadcast = 0; broadcast < 2; broadcast++) {
                int no = queue(kind, urgent, broadcast * 7);

                CHECK(no >= 0 && no < HY_QUEUES);
                seen[no] = true;
                CHECK_INT(hy_queue_channel(no),
                          kind == HY_TEMPLATE_LEGACY ? HY_CHANNEL_TEMPLATE : HY_CHANNEL_SUBSCRIBE);
                CHECK_INT(hy_queue_no(hy_queue_channel(no), hy_queue_rank(no)), no);
                CHECK_INT(hy_rank_is_quiet(hy_queue_rank(no)), !urgent);
            }
    for (int no = 0; no < HY_QUEUES; no++)
        CHECK(seen[no]);
}

/* They are stored. */
static void the_numbers_stay(void)
{
    CHECK_INT(queue(HY_TEMPLATE_ANY, true, 0), 0);
    CHECK_INT(queue(HY_TEMPLATE_ONCE, false, 0), 1);
    CHECK_INT(queue(HY_TEMPLATE_ALWAYS, true, 9), 2);
    CHECK_INT(queue(HY_TEMPLATE_ANY, false, 9), 3);
    CHECK_INT(queue(HY_TEMPLATE_LEGACY, true, 0), 4);
    CHECK_INT(queue(HY_TEMPLATE_LEGACY, false, 9), 7);
    CHECK_TEXT(hy_channel_names[HY_CHANNEL_SUBSCRIBE], "subscribe");
    CHECK_TEXT(hy_channel_names[HY_CHANNEL_TEMPLATE], "template");
    CHECK(hy_channel_names[HY_CHANNELS] == NULL);
}

static void a_cap_has_room_until_it_is_full(void)
{
    struct hy_cap cap = {.max = 2, .window_s = 60};
    int64_t heard[] = {100000, 90000, 80000};

    CHECK_INT(hy_cap_free_at(&cap, NULL, 0, 100000), 0);
    CHECK_INT(hy_cap_free_at(&cap, heard, 1, 100000), 0);
    CHECK_INT(hy_cap_free_at(&cap, heard, 2, 100000), 150000);
    CHECK_INT(hy_cap_free_at(&cap, heard, 3, 100000), 150000); /* the third says nothing more */
    CHECK_INT(hy_cap_free_at(&cap, heard, 3, 149999), 150000);
    CHECK_INT(hy_cap_free_at(&cap, heard, 3, 150000), 0);
    cap.max = 3;
    CHECK_INT(hy_cap_free_at(&cap, heard, 3, 100000), 140000);
}

int main(void)
{
    RUN(each_message_has_its_queue);
    RUN(the_numbers_stay);
    RUN(a_cap_has_room_until_it_is_full);
    return hy_tap_end();
}
