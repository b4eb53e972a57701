#include "tap.h"

#include "domain/broadcast.h"

#define D HY_BROADCAST_DRAFT
#define S HY_BROADCAST_SCHEDULED
#define R HY_BROADCAST_RUNNING
#define P HY_BROADCAST_PAUSED
#define E HY_BROADCAST_DONE
#define C HY_BROADCAST_CANCELED

/* The picture of broadcast.h, arrow by arrow. */
static const struct {
    enum hy_broadcast_state from, to;
} drawn[] = {{D, S}, {D, R}, {S, R}, {R, P}, {P, R}, {R, E}, {D, C}, {S, C}, {R, C}, {P, C}};

static void moves_as_drawn_and_not_otherwise(void)
{
    for (int from = 0; from < HY_BROADCAST_STATES; from++) {
        for (int to = 0; to < HY_BROADCAST_STATES; to++) {
            bool is_drawn = false;

            for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++)
                is_drawn = is_drawn || ((int)drawn[i].from == from && (int)drawn[i].to == to);
            if (hy_broadcast_may_move(from, to) != is_drawn)
                hy_tap_fail(__FILE__, __LINE__, "%s -> %s", hy_broadcast_state_names[from],
                            hy_broadcast_state_names[to]);
        }
    }
}

static void states_have_names(void)
{
    CHECK_TEXT(hy_broadcast_state_names[D], "draft");
    CHECK_TEXT(hy_broadcast_state_names[S], "scheduled");
    CHECK_TEXT(hy_broadcast_state_names[R], "running");
    CHECK_TEXT(hy_broadcast_state_names[P], "paused");
    CHECK_TEXT(hy_broadcast_state_names[E], "done");
    CHECK_TEXT(hy_broadcast_state_names[C], "canceled");
    CHECK(hy_broadcast_state_names[HY_BROADCAST_STATES] == NULL);
}

int main(void)
{
    RUN(moves_as_drawn_and_not_otherwise);
    RUN(states_have_names);
    return hy_tap_end();
}
