/* Which kinds of records there are: desk.h. */
#include "store/postgres/desk_wants.h"

/* Grants before messages, which hold uses of them; messages before events, which some of them await. */
const struct hy_desk_kind *const hy_desk_kinds[] = {
    &hy_desk_grants, &hy_desk_messages, &hy_desk_keys,     &hy_desk_answers,    &hy_desk_events,
    &hy_desk_heard,  &hy_desk_lanes,    &hy_desk_outcomes, &hy_desk_broadcasts, NULL, /* the end */
};
