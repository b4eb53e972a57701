#include "tap.h"

#include "base/err.h"
#include "domain/message.h"

#include <stdint.h>

/* --- states ----------------------------------------------------------------------------------- */

#define Q HY_MESSAGE_QUEUED
#define W HY_MESSAGE_WAITING
#define S HY_MESSAGE_SENDING
#define T HY_MESSAGE_SENT
#define D HY_MESSAGE_DELIVERED
#define F HY_MESSAGE_FAILED
#define U HY_MESSAGE_UNKNOWN
#define X HY_MESSAGE_EXPIRED
#define C HY_MESSAGE_CANCELED

/* The picture of message.h, arrow by arrow. */
static const struct {
    enum hy_message_state from, to;
} drawn[] = {
    {W, Q}, /* a permission came */
    {Q, W}, /* and went before it was used */
    {Q, S}, /* claimed */
    {S, Q}, /* retry, next receipt, token */
    {S, W}, /* refused, though the ledger was sure */
    {W, S}, /* and tried again */
    {S, T}, {T, D}, {T, F}, {S, U}, {U, S}, {U, T}, {U, D}, {U, F}, {Q, C},
    {W, C}, {Q, X}, {W, X}, {Q, F}, {W, F}, {S, F}, {Q, U}, /* in doubt, and its grant is gone */
    {F, Q}, {X, Q}, {U, Q},                                 /* an operator's retry */
};

static bool is_drawn(enum hy_message_state from, enum hy_message_state to)
{
    for (size_t i = 0; i < sizeof drawn / sizeof drawn[0]; i++) {
        if (drawn[i].from == from && drawn[i].to == to)
            return true;
    }
    return false;
}

static void moves_as_drawn_and_not_otherwise(void)
{
    for (int from = 0; from < HY_MESSAGE_STATES; from++) {
        for (int to = 0; to < HY_MESSAGE_STATES; to++) {
            if (hy_message_may_move(from, to) != is_drawn(from, to))
                hy_tap_fail(__FILE__, __LINE__, "%s -> %s", hy_message_state_names[from],
                            hy_message_state_names[to]);
        }
    }
}

static void staying_is_no_move(void)
{
    for (int state = 0; state < HY_MESSAGE_STATES; state++)
        CHECK(!hy_message_may_move(state, state));
}

/* What may have been sent never becomes something that claims the opposite by itself. */
static void a_sent_one_is_never_sent_again(void)
{
    static const enum hy_message_state over[] = {T, D, F, X, C};

    for (size_t i = 0; i < sizeof over / sizeof over[0]; i++) {
        CHECK(hy_message_is_final(over[i]));
        CHECK(!hy_message_may_move_by_itself(over[i], Q));
        CHECK(!hy_message_may_move(over[i], W));
        CHECK(!hy_message_may_move(over[i], S));
        CHECK(!hy_message_may_move(over[i], U));
    }
    CHECK(!hy_message_may_move_by_itself(U, Q));
    CHECK(!hy_message_may_move(U, X));
    CHECK(!hy_message_may_move(U, C));
    CHECK(!hy_message_may_move(S, X));
    CHECK(!hy_message_may_move(S, C));
}

static void only_an_operator_has_it_sent_again(void)
{
    for (int from = 0; from < HY_MESSAGE_STATES; from++) {
        CHECK_INT(hy_message_may_retry(from), from == F || from == X || from == U);
        for (int to = 0; to < HY_MESSAGE_STATES; to++) {
            bool retry = to == Q && hy_message_may_retry(from);

            CHECK_INT(hy_message_may_move_by_itself(from, to), !retry && is_drawn(from, to));
            CHECK(!retry || is_drawn(from, to));
        }
    }
}

static void knows_the_final_states(void)
{
    CHECK(!hy_message_is_final(Q));
    CHECK(!hy_message_is_final(W));
    CHECK(!hy_message_is_final(S));
    CHECK(!hy_message_is_final(U));
}

/* The numbers are in every store: this is what they mean for ever. */
static void numbers_keep_their_words(void)
{
    static const char *const states[] = {"queued", "waiting", "sending", "sent",     "delivered",
                                         "failed", "unknown", "expired", "canceled", NULL};

    for (int i = 0; states[i]; i++)
        CHECK_TEXT(hy_message_state_names[i], states[i]);
    CHECK(!hy_message_state_names[HY_MESSAGE_STATES]);
    CHECK_TEXT(hy_on_missing_names[HY_ON_MISSING_FAIL], "fail");
    CHECK_TEXT(hy_on_missing_names[HY_ON_MISSING_WAIT], "wait");
    CHECK_TEXT(hy_on_missing_names[HY_ON_MISSING_TRY], "try");
    CHECK(!hy_on_missing_names[3]);
    CHECK_TEXT(hy_policy_names[HY_POLICY_AT_MOST_ONCE], "at_most_once");
    CHECK_TEXT(hy_policy_names[HY_POLICY_AT_LEAST_ONCE], "at_least_once");
    CHECK(!hy_policy_names[2]);
    CHECK_TEXT(hy_repair_names[HY_REPAIR_REJECT], "reject");
    CHECK_TEXT(hy_repair_names[HY_REPAIR_CUT], "cut");
    CHECK(!hy_repair_names[2]);
    CHECK_TEXT(hy_template_kind_names[HY_TEMPLATE_ANY], "any");
    CHECK_TEXT(hy_template_kind_names[HY_TEMPLATE_LEGACY], "legacy");
    CHECK_TEXT(hy_template_kind_names[HY_TEMPLATE_ONCE], "once");
    CHECK_TEXT(hy_template_kind_names[HY_TEMPLATE_ALWAYS], "always");
    CHECK(!hy_template_kind_names[HY_TEMPLATE_KINDS]);
    /* what a request means that does not say */
    CHECK_INT(HY_ON_MISSING_FAIL, 0);
    CHECK_INT(HY_POLICY_AT_MOST_ONCE, 0);
    CHECK_INT(HY_REPAIR_REJECT, 0);
}

/* --- ids -------------------------------------------------------------------------------------- */

enum { SEQUENCES = 1 << 14 };

static const int64_t epoch_ms = 1704067200000; /* 2024-01-01T00:00:00Z */
static const int64_t now_ms = 1772323200123;

static void ids_carry_their_instant(void)
{
    struct hy_message_ids ids;
    int64_t id;

    hy_message_ids_init(&ids, 7, 0);
    id = hy_message_ids_next(&ids, now_ms);
    CHECK_INT(hy_message_id_ms(id), now_ms);
    CHECK_INT(id >> 14 & 255, 7);
    CHECK(id >= hy_message_id_at(now_ms));
    CHECK(id < hy_message_id_at(now_ms + 1));
    CHECK_INT(hy_message_id_ms(hy_message_id_at(now_ms)), now_ms);
}

static void ids_before_the_epoch_begin_at_nought(void)
{
    struct hy_message_ids ids;

    CHECK_INT(hy_message_id_at(epoch_ms), 0);
    CHECK_INT(hy_message_id_at(0), 0);
    CHECK_INT(hy_message_id_at(INT64_MIN), 0);
    hy_message_ids_init(&ids, 0, 0);
    CHECK_INT(hy_message_ids_next(&ids, 1000), 1); /* a machine whose clock was never set */
    CHECK_INT(hy_message_ids_next(&ids, 1000), 2);
}

static void ids_grow_within_a_millisecond_and_over_its_end(void)
{
    struct hy_message_ids ids;
    int64_t before = 0, id = 0;

    hy_message_ids_init(&ids, 255, 0);
    for (int i = 0; i < 3 * SEQUENCES; i++) {
        id = hy_message_ids_next(&ids, now_ms);
        CHECK(id > before);
        CHECK_INT(id >> 14 & 255, 255);
        before = id;
    }
    CHECK_INT(hy_message_id_ms(id), now_ms + 2); /* it borrows from the future when it must */
    CHECK(hy_message_ids_next(&ids, now_ms + 1) > id);
    CHECK_INT(hy_message_id_ms(hy_message_ids_next(&ids, now_ms + 3)), now_ms + 3);
}

static void ids_grow_when_the_clock_goes_back(void)
{
    struct hy_message_ids ids;
    int64_t first, second;

    hy_message_ids_init(&ids, 0, 0);
    first = hy_message_ids_next(&ids, now_ms);
    second = hy_message_ids_next(&ids, now_ms - 86400000);
    CHECK(second > first);
    CHECK(hy_message_ids_next(&ids, 0) > second);
}

/* After a start the largest stored id may be another node's, made at this very instant or later. */
static void ids_go_on_above_those_of_any_node(void)
{
    struct hy_message_ids ids;
    int64_t last, id;

    for (int theirs = 0; theirs <= HY_MESSAGE_NODE_MAX; theirs += 51) {
        for (int ours = 0; ours <= HY_MESSAGE_NODE_MAX; ours += 85) {
            hy_message_ids_init(&ids, theirs, 0);
            last = hy_message_ids_next(&ids, now_ms);
            hy_message_ids_init(&ids, ours, last);
            id = hy_message_ids_next(&ids, now_ms - 5);
            CHECK(id > last);
            CHECK_INT(id >> 14 & 255, ours);
            CHECK(hy_message_ids_next(&ids, now_ms) > id);
        }
    }
}

static void text_sorts_as_the_numbers_do(void)
{
    static const int64_t ids[] = {
        0, 1, 31, 32, 1LL << 14, 1LL << 22, 1LL << 40, (1LL << 45) + 7, 1LL << 62, INT64_MAX};
    char before[HY_MESSAGE_ID_TEXT_BYTES] = "", text[HY_MESSAGE_ID_TEXT_BYTES];

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        int64_t again = -1;

        CHECK(hy_message_id_print(ids[i], text) == text);
        CHECK_INT(strlen(text), 14);
        CHECK(strcmp(before, text) < 0);
        CHECK_INT(hy_message_id_parse(text, &again), 0);
        CHECK_INT(again, ids[i]);
        memcpy(before, text, sizeof text);
    }
    CHECK_TEXT(hy_message_id_print(0, text), "m0000000000000");
    CHECK_TEXT(hy_message_id_print(INT64_MAX, text), "m7zzzzzzzzzzzz");
}

static void reads_upper_case_alike(void)
{
    int64_t lower = 0, upper = 1;

    CHECK_INT(hy_message_id_parse("m01hq3xkz9abcd", &lower), 0);
    CHECK_INT(hy_message_id_parse("M01HQ3XKZ9ABCD", &upper), 0);
    CHECK_INT(lower, upper);
}

static void refuses_what_print_would_not_write(void)
{
    static const char *const wrong[] = {
        "",
        "m",
        "m000000000000",
        "m00000000000000",
        "0000000000000m",
        "x0000000000000",
        "m8000000000000",
        "mz000000000000", /* more than 63 bits */
        "m000000000000i",
        "m000000000000l",
        "m000000000000o",
        "m000000000000u",
        "m000000000000-",
        "m000000000000 ",
        " m000000000000",
        "m000000000000\n",
        "m00000000000\xc3\xa9",
        "m@000000000000",
        "m000000000000`",
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t id = 77;

        if (hy_message_id_parse(wrong[i], &id) != HY_E_INVALID || id != 77)
            hy_tap_fail(__FILE__, __LINE__, "takes \"%s\"", wrong[i]);
    }
}

/* Every byte in every place: either print writes it back, but for the case, or it is refused. */
static void takes_each_byte_only_where_it_belongs(void)
{
    for (int place = 0; place < 14; place++) {
        for (int c = 1; c < 256; c++) {
            char text[HY_MESSAGE_ID_TEXT_BYTES] = "m0123456789abc";
            char again[HY_MESSAGE_ID_TEXT_BYTES];
            int64_t id;

            text[place] = (char)c;
            if (hy_message_id_parse(text, &id) != 0)
                continue;
            if (c >= 'A' && c <= 'Z')
                text[place] = (char)(c + 32);
            CHECK_TEXT(hy_message_id_print(id, again), text);
        }
    }
}

int main(void)
{
    RUN(moves_as_drawn_and_not_otherwise);
    RUN(staying_is_no_move);
    RUN(a_sent_one_is_never_sent_again);
    RUN(only_an_operator_has_it_sent_again);
    RUN(knows_the_final_states);
    RUN(numbers_keep_their_words);
    RUN(ids_carry_their_instant);
    RUN(ids_before_the_epoch_begin_at_nought);
    RUN(ids_grow_within_a_millisecond_and_over_its_end);
    RUN(ids_grow_when_the_clock_goes_back);
    RUN(ids_go_on_above_those_of_any_node);
    RUN(text_sorts_as_the_numbers_do);
    RUN(reads_upper_case_alike);
    RUN(refuses_what_print_would_not_write);
    RUN(takes_each_byte_only_where_it_belongs);
    return hy_tap_end();
}
