/* Rows of messages and grants: the columns are in postgres.h. */
#include "store/postgres/postgres.h"

void hy_pg_peek_message(const struct hy_pg_rows *rows, int c, struct hy_message *ret_message)
{
    *ret_message = (struct hy_message){
        .id = hy_pg_int(rows, c),
        .app_no = hy_pg_int(rows, c + 1),
        .user = hy_pg_text(rows, c + 2),
        .template_id = hy_pg_text(rows, c + 3),
        .data = hy_pg_text(rows, c + 4),
        .page = hy_pg_text(rows, c + 5),
        .emphasis = hy_pg_text(rows, c + 6),
        .miniprogram_state = hy_pg_text(rows, c + 7),
        .lang = hy_pg_text(rows, c + 8),
        .tag = hy_pg_text(rows, c + 9),
        .extra = hy_pg_text(rows, c + 10),
        .template_kind = (enum hy_template_kind)hy_pg_int(rows, c + 11),
        .urgent = hy_pg_int(rows, c + 12) != 0,
        .broadcast_id = hy_pg_int(rows, c + 13),
        .state = (enum hy_message_state)hy_pg_int(rows, c + 14),
        .reason = hy_pg_text(rows, c + 15),
        .policy = (enum hy_policy)hy_pg_int(rows, c + 16),
        .on_missing = (enum hy_on_missing)hy_pg_int(rows, c + 17),
        .accepted_at_ms = hy_pg_int(rows, c + 18),
        .send_at_ms = hy_pg_int(rows, c + 19),
        .expires_at_ms = hy_pg_int(rows, c + 20),
        .due_at_ms = hy_pg_int(rows, c + 21),
        .settled_at_ms = hy_pg_int(rows, c + 22),
        .grant_id = hy_pg_int(rows, c + 23),
        .attempt_count = (int32_t)hy_pg_int(rows, c + 24),
        .in_doubt = hy_pg_int(rows, c + 25) != 0,
        .msgid = hy_pg_int(rows, c + 26),
    };
}

void hy_pg_read_message(const struct hy_pg_rows *rows, int first_column, struct hy_arena *arena,
                        struct hy_message *ret_message)
{
    struct hy_message peeked;

    hy_pg_peek_message(rows, first_column, &peeked);
    hy_mem_copy_message(arena, ret_message, &peeked);
}

void hy_pg_peek_grant(const struct hy_pg_rows *rows, int c, struct hy_grant *ret_grant)
{
    *ret_grant = (struct hy_grant){
        .id = hy_pg_int(rows, c),
        .app_no = hy_pg_int(rows, c + 1),
        .user = hy_pg_text(rows, c + 2),
        .kind = (enum hy_grant_kind)hy_pg_int(rows, c + 3),
        .template_id = hy_pg_text(rows, c + 4),
        .credential = hy_pg_text(rows, c + 5),
        .state = (enum hy_grant_state)hy_pg_int(rows, c + 6),
        .reason = hy_pg_text(rows, c + 7),
        .uses_total = (int32_t)hy_pg_int(rows, c + 8),
        .uses_left = (int32_t)hy_pg_int(rows, c + 9),
        .uses_reserved = (int32_t)hy_pg_int(rows, c + 10),
        .in_doubt = hy_pg_int(rows, c + 11) != 0,
        .refusals = (int32_t)hy_pg_int(rows, c + 12),
        .retry_at_ms = hy_pg_int(rows, c + 13),
        .obtained_at_ms = hy_pg_int(rows, c + 14),
        .expires_at_ms = hy_pg_int(rows, c + 15),
    };
}

void hy_pg_read_grant(const struct hy_pg_rows *rows, int first_column, struct hy_arena *arena,
                      struct hy_grant *ret_grant)
{
    struct hy_grant peeked;

    hy_pg_peek_grant(rows, first_column, &peeked);
    hy_mem_copy_grant(arena, ret_grant, &peeked);
}
