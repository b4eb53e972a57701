/*
 * What is due in the lanes that are claimed: the table `due` is read piece by piece, and what is due
 * already comes to the desk with its user.
 *
 *     (due_at_ms, message_id)   ...  looked at  ...  | place |  ... elsewhere ...
 *
 * All up to the place is here (or was passed over), so a lane's heap is right as far as that. What others
 * have locked is passed over: a claim waits for nobody, and so it cannot be in anybody's way for long.
 */
#include "store/postgres/desk_wants.h"

#include "base/err.h"

#include <string.h>

enum { PIECE = 64, PIECE_MAX = 1000, LOOKED_MAX = 5000, ELSEWHERE_PIECE = 16 };

struct lane {
    int64_t app_no, queue;
    int64_t at_due_ms, at_id; /* the place */
    int64_t now_ms;           /* as of when `end` is true */
    bool end;                 /* nothing behind the place is due by now_ms */
    bool knows_next;
    int64_t next_due_ms, next_id; /* the first one behind the place; 0 = there is none */
    bool passed_over;
    unsigned parts;        /* of the users */
    int64_t piece, looked; /* of this claim */
};

struct kept {
    struct hy_map lanes; /* (app_no, queue) -> lane */
};

static struct kept *kept(struct hy_pg *pg)
{
    return (struct kept *)hy_desk_kept(pg, HY_DESK_KEEPS_LANES, sizeof(struct kept));
}

static struct lane *lane_of(struct hy_pg *pg, int64_t app_no, int queue)
{
    struct hy_map *lanes = &kept(pg)->lanes;
    struct lane *lane = (struct lane *)hy_map_get(lanes, app_no, &queue, sizeof queue);

    if (lane)
        return lane;
    lane = (struct lane *)hy_desk_alloc(pg, sizeof *lane);
    *lane = (struct lane){.app_no = app_no, .queue = queue, .piece = PIECE};
    hy_map_put(lanes, app_no, &queue, sizeof queue, lane);
    return lane;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Of each lane so many rows behind its place, and one more. The lock is tried for what is due; of an app that
 * is locked as a whole ($7) nobody else has a user. */
static const struct hy_pg_sql next_rows = {
    "desk_due_rows",
    "SELECT l.no, d.due_at_ms, d.message_id, m.\"user\", CASE WHEN m.id IS NULL THEN 0 WHEN "
    "l.whole "
    "<> 0 THEN 1 ELSE pg_try_advisory_xact_lock(hashtextextended(m.\"user\" COLLATE \"C\", "
    "l.app))::int END FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], "
    "$6::int8[], $7::int8[], $8::int8[]) AS l (no, app, queue, at_due, at_id, now, whole, count) "
    "CROSS JOIN LATERAL (SELECT due_at_ms, message_id, row_number() OVER (ORDER BY due_at_ms, "
    "message_id) AS rank FROM due WHERE app_no = l.app AND queue = l.queue AND (due_at_ms, "
    "message_id) "
    "> (l.at_due, l.at_id) ORDER BY due_at_ms, message_id LIMIT l.count) AS d LEFT JOIN LATERAL "
    "(SELECT id, \"user\" FROM message WHERE id = CASE WHEN d.due_at_ms <= l.now AND d.rank < "
    "l.count "
    "THEN d.message_id END OFFSET 0) AS m ON true"};

/* In the order of the locks' numbers is not needed: nobody waits. */
static const struct hy_pg_sql try_apps = {
    "desk_due_apps",
    "SELECT a, CASE WHEN whole <> 0 THEN pg_try_advisory_xact_lock(hashint8extended(a, 0)) ELSE "
    "pg_try_advisory_xact_lock_shared(hashint8extended(a, 0)) END FROM unnest($1::int8[], "
    "$2::int8[]) AS t (a, whole)"};

struct reading {
    struct hy_pg *pg;
    struct lane **lanes;
    int64_t *counts; /* asked for of each */
    size_t count;
    struct hy_vector refused; /* lanes of apps that somebody else has as a whole */
};

static bool is_refused(const struct reading *r, const struct lane *lane)
{
    for (size_t i = 0; i < r->refused.count; i++)
        if (((const struct lane *)r->refused.items[i])->app_no == lane->app_no)
            return true;
    return false;
}

static int read_apps(struct hy_pg_rows *rows, void *arg)
{
    struct reading *r = (struct reading *)arg;

    while (hy_pg_next(rows)) {
        if (hy_pg_int(rows, 1)) {
            hy_desk_note_app(r->pg, hy_pg_int(rows, 0));
            continue;
        }
        for (size_t i = 0; i < r->count; i++)
            if (r->lanes[i]->app_no == hy_pg_int(rows, 0))
                hy_vector_push(&r->refused, r->lanes[i]);
    }
    return 0;
}

/* What lies behind the place. */
static void note_next(struct lane *lane, int64_t due_ms, int64_t id)
{
    lane->knows_next = true;
    lane->next_due_ms = due_ms;
    lane->next_id = id;
}

/* The next row of a lane; false: it is behind the place, as all that follow. */
static bool take_row(struct reading *r, struct lane *lane, const struct hy_pg_rows *rows, bool last)
{
    int64_t due_ms = hy_pg_int(rows, 1), id = hy_pg_int(rows, 2);

    if (!hy_desk_has_message(r->pg, id)) {
        if (due_ms > lane->now_ms || last) {
            lane->end = due_ms > lane->now_ms;
            note_next(lane, due_ms, id);
            return false;
        }
        if (hy_pg_int(rows, 4) && !is_refused(r, lane))
            hy_desk_want_message_of(r->pg, id, lane->app_no, hy_pg_text(rows, 3), lane->parts,
                                    true);
        else
            lane->passed_over = true;
        lane->looked++;
    }
    lane->at_due_ms = due_ms;
    lane->at_id = id;
    return true;
}

static int read_rows(struct hy_pg_rows *rows, void *arg)
{
    struct reading *r = (struct reading *)arg;
    int64_t *seen = (int64_t *)hy_desk_alloc(r->pg, (r->count + 1) * sizeof *seen);
    bool *done = (bool *)hy_desk_alloc(r->pg, (r->count + 1) * sizeof *done);

    while (hy_pg_next(rows)) {
        int64_t no = hy_pg_int(rows, 0);

        seen[no]++;
        if (!done[no])
            done[no] = !take_row(r, r->lanes[no], rows, seen[no] == r->counts[no]);
    }
    for (size_t i = 0; i < r->count; i++)
        if (!done[i] && seen[i] < r->counts[i]) { /* that was all there is */
            r->lanes[i]->end = true;
            note_next(r->lanes[i], 0, 0);
        }
    return 0;
}

static void put_lanes(struct hy_pg *pg, const struct reading *r)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_columns_begin(args, "iiiiiiii");
    for (size_t i = 0; i < r->count; i++) {
        const struct lane *lane = r->lanes[i];

        hy_pg_put_int(args, (int64_t)i);
        hy_pg_put_int(args, lane->app_no);
        hy_pg_put_int(args, lane->queue);
        hy_pg_put_int(args, lane->at_due_ms);
        hy_pg_put_int(args, lane->at_id);
        hy_pg_put_int(args, lane->now_ms);
        hy_pg_put_int(args, hy_desk_app_is_whole(pg, lane->app_no));
        hy_pg_put_int(args, r->counts[i]);
    }
    hy_pg_columns_end(args);
    hy_pg_queue(pg->link, &next_rows, read_rows, (void *)(uintptr_t)r);
}

static void put_apps(struct hy_pg *pg, const struct reading *r)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_columns_begin(args, "ii");
    for (size_t i = 0; i < r->count; i++) {
        hy_pg_put_int(args, r->lanes[i]->app_no);
        hy_pg_put_int(args, hy_desk_app_is_whole(pg, r->lanes[i]->app_no));
    }
    hy_pg_columns_end(args);
    hy_pg_queue(pg->link, &try_apps, read_apps, (void *)(uintptr_t)r);
}

static int look(struct hy_pg *pg, struct lane **lanes, int64_t *counts, size_t count)
{
    struct reading r = {.pg = pg, .lanes = lanes, .counts = counts, .count = count};
    int err;

    if (count == 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        lanes[i]->knows_next = false;
    put_apps(pg, &r);
    put_lanes(pg, &r);
    err = hy_pg_drain(pg->link);
    hy_vector_deinit(&r.refused);
    return err;
}

/* --- claiming --------------------------------------------------------------------------------- */

/* So many of the locks that claims may have, at most; false: there are none left, and what is due is looked at in
 * the next claim. */
static bool take_room(struct hy_pg *pg, struct lane *lane, size_t *room, size_t *most)
{
    if (*most == 0 || hy_desk_app_is_whole(pg, lane->app_no))
        return true;
    if (*most > *room)
        *most = *room;
    *room -= *most;
    if (*most == 0)
        lane->passed_over = true;
    return *most > 0;
}

int hy_desk_want_due(struct hy_pg *pg, const struct hy_claim_lane *lanes, size_t count,
                     int64_t now_ms)
{
    struct lane **mine = (struct lane **)hy_desk_alloc(pg, (count + 1) * sizeof(struct lane *));
    int64_t *counts = (int64_t *)hy_desk_alloc(pg, (count + 1) * sizeof *counts);
    size_t looks = 0, room = hy_desk_room_to_claim(pg);

    for (size_t i = 0; i < count; i++) {
        struct lane *lane = lane_of(pg, lanes[i].app_no, lanes[i].queue);
        size_t most = lanes[i].capacity + lanes[i].capacity / 16;

        lane->parts |= lanes[i].cap_count > 0 ? HY_DESK_HEARD : 0;
        lane->looked = 0;
        lane->piece = PIECE;
        if (lane->now_ms == now_ms && lane->end)
            continue;
        most = most < PIECE_MAX ? most : PIECE_MAX;
        if (!take_room(pg, lane, &room, &most))
            continue;
        lane->now_ms = now_ms;
        lane->end = false;
        mine[looks] = lane;
        counts[looks++] = (int64_t)most + 1;
    }
    return look(pg, mine, counts, looks);
}

/* Whether the first one here is the first one there is. */
static bool knows_first(const struct lane *lane, const struct hy_mem_message *first)
{
    if (lane->end || !first)
        return lane->end;
    if (first->m.due_at_ms != lane->at_due_ms)
        return first->m.due_at_ms < lane->at_due_ms;
    return first->m.id <= lane->at_id;
}

bool hy_desk_due(struct hy_backend *b, const struct hy_claim_lane *claimed, int64_t now_ms)
{
    struct hy_pg *pg = hy_pg(b);
    struct lane *lane = lane_of(pg, claimed->app_no, claimed->queue);
    const struct hy_heap *heap = &hy_mem_lane_made(b, claimed->app_no, claimed->queue)->due;
    int err = 0;

    while (err == 0 && !knows_first(lane, (const struct hy_mem_message *)hy_heap_first(heap))) {
        size_t room = hy_desk_room_to_claim(pg), piece = (size_t)lane->piece;
        int64_t count;

        if (lane->looked >= LOOKED_MAX + (int64_t)claimed->claimed ||
            !take_room(pg, lane, &room, &piece))
            return false;
        count = (int64_t)piece + 1;
        lane->now_ms = now_ms;
        err = look(pg, &lane, &count, 1);
        if (err == 0)
            err = hy_desk_fetch(pg);
        if (lane->piece < PIECE_MAX)
            lane->piece *= 2;
    }
    if (err < 0)
        hy_desk_fail(pg, err);
    return err == 0;
}

/* --- what is left ----------------------------------------------------------------------------- */

static const struct hy_pg_sql next_instants = {
    "desk_due_instants",
    "SELECT due_at_ms, message_id FROM due WHERE app_no = $1 AND queue = $2 AND (due_at_ms, "
    "message_id) > ($3, $4) ORDER BY due_at_ms, message_id LIMIT $5"};

struct instants {
    struct hy_pg *pg;
    struct lane *lane;
    int64_t due_ms, id, count; /* behind that; asked for */
};

static int read_instants(struct hy_pg_rows *rows, void *arg)
{
    struct instants *r = (struct instants *)arg;
    bool all = rows->count < r->count;

    while (hy_pg_next(rows)) {
        r->due_ms = hy_pg_int(rows, 0);
        r->id = hy_pg_int(rows, 1);
        if (hy_desk_has_message(r->pg, r->id))
            continue;
        note_next(r->lane, r->due_ms, r->id);
        return 0;
    }
    if (all)
        note_next(r->lane, 0, 0);
    return 0;
}

int64_t hy_desk_due_elsewhere(struct hy_backend *b, const struct hy_claim_lane *claimed)
{
    struct hy_pg *pg = hy_pg(b);
    struct lane *lane = lane_of(pg, claimed->app_no, claimed->queue);
    struct instants r = {pg, lane, lane->at_due_ms, lane->at_id, ELSEWHERE_PIECE};
    int err = 0;

    if (lane->knows_next && lane->next_id != 0 && hy_desk_has_message(pg, lane->next_id))
        lane->knows_next = false;
    while (err == 0 && !lane->knows_next) {
        struct hy_pg_args *args = hy_pg_args(pg->link);

        hy_pg_put_int(args, lane->app_no);
        hy_pg_put_int(args, lane->queue);
        hy_pg_put_int(args, r.due_ms);
        hy_pg_put_int(args, r.id);
        hy_pg_put_int(args, r.count);
        hy_pg_queue(pg->link, &next_instants, read_instants, &r);
        err = hy_pg_drain(pg->link);
    }
    if (err < 0)
        hy_desk_fail(pg, err);
    return err < 0 ? 0 : lane->next_due_ms;
}

bool hy_desk_passed_over(struct hy_pg *pg, const struct hy_claim_lane *claimed)
{
    return lane_of(pg, claimed->app_no, claimed->queue)->passed_over;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void nothing(struct hy_pg *pg, const struct hy_desk_wants *wants)
{
    (void)pg;
    (void)wants;
}

static void written(struct hy_pg *pg)
{
    (void)pg;
}

static void clear(struct hy_pg *pg)
{
    if (pg->working->kept[HY_DESK_KEEPS_LANES])
        hy_map_deinit(&kept(pg)->lanes);
}

/* No records of its own: only its places go with the desk. */
const struct hy_desk_kind hy_desk_lanes = {
    .name = "lanes", .load = nothing, .flush = written, .clear = clear};
