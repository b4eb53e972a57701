/*
 * Arbitrary XML comes as a well-signed callback. The first byte chooses whether it is the whole body
 * or the inside of an event that is otherwise in order.
 */
#include "callback.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const events[] = {"subscribe_msg_popup_event", "subscribe_msg_change_event",
                                     "subscribe_msg_sent_event", "other"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hy_arena arena;
    char *text;

    if (size < 1)
        return -1;
    hy_arena_init(&arena);
    text = hy_arena_memdup(&arena, data + 1, size - 1);
    expect(text != NULL);
    if (data[0] & 4)
        text = hy_arena_printf(&arena, "<%s", text);
    else
        text = hy_arena_printf(
            &arena,
            "<xml><FromUserName>oU</FromUserName><CreateTime>1714112445</CreateTime>"
            "<MsgType>event</MsgType><Event>%s</Event><%s</xml>",
            events[data[0] & 3], text);
    callback_try(KIT_XML, text, &arena);
    hy_arena_deinit(&arena);
    return 0;
}
