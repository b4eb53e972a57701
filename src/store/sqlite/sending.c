#include "store/sqlite/sending.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4096 }; /* a power of 2; many more under way than these are only slower */

/* A row of `claimed`. */
struct claim {
    int64_t id;
    size_t open; /* of its messages, those in `sending` */
};

struct entry {
    struct entry *next_by_id, *next_by_user;
    struct claim *claim; /* null: of the claim under way */
    struct hy_row row;
    char texts[];
};

struct hy_sending {
    bool known;
    bool parked_any;
    size_t count;
    struct entry *by_id[SLOTS], *by_user[SLOTS];
};

struct hy_sending *hy_sending_new(void)
{
    return (struct hy_sending *)calloc(1, sizeof(struct hy_sending));
}

void hy_sending_free(struct hy_sending *sending)
{
    if (sending)
        hy_sending_forget(sending);
    free(sending);
}

/* --- entries ---------------------------------------------------------------------------------- */

static size_t slot_of_id(int64_t id)
{
    return (size_t)(((uint64_t)id * 0x9e3779b97f4a7c15u) >> 40) & (SLOTS - 1);
}

static size_t slot_of_user(int64_t app_no, const char *user)
{
    uint64_t h = (uint64_t)app_no;

    for (; *user; user++)
        h = (h ^ (unsigned char)*user) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32) & (SLOTS - 1);
}

static struct entry *find_id(const struct hy_sending *sending, int64_t id)
{
    struct entry *e = sending->by_id[slot_of_id(id)];

    while (e && e->row.m.id != id)
        e = e->next_by_id;
    return e;
}

static struct entry *find_user(const struct hy_sending *sending, int64_t app_no, const char *user)
{
    struct entry *e = sending->count > 0 ? sending->by_user[slot_of_user(app_no, user)] : NULL;

    while (e && (e->row.m.app_no != app_no || strcmp(e->row.m.user, user) != 0))
        e = e->next_by_user;
    return e;
}

static void unlink_entry(struct hy_sending *sending, struct entry *e)
{
    struct entry **at = &sending->by_id[slot_of_id(e->row.m.id)];

    while (*at != e)
        at = &(*at)->next_by_id;
    *at = e->next_by_id;
    at = &sending->by_user[slot_of_user(e->row.m.app_no, e->row.m.user)];
    while (*at != e)
        at = &(*at)->next_by_user;
    *at = e->next_by_user;
    sending->count--;
}

/* The claim goes with the last of its messages. */
static void free_entry(struct entry *e)
{
    if (e->claim && --e->claim->open == 0)
        free(e->claim);
    free(e);
}

void hy_sending_forget(struct hy_sending *sending)
{
    for (size_t i = 0; i < SLOTS && sending->count > 0; i++)
        while (sending->by_id[i]) {
            struct entry *e = sending->by_id[i];

            unlink_entry(sending, e);
            free_entry(e);
        }
    sending->known = false;
}

static size_t room_for(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static const char *put(char **at, const char *text)
{
    size_t size = room_for(text);
    char *copy = *at;

    if (!text)
        return NULL;
    memcpy(copy, text, size);
    *at += size;
    return copy;
}

/* What only sending and showing needs is left out. */
static void copy_row(struct entry *e, const struct hy_row *row, char **at)
{
    struct hy_message *m = &e->row.m;

    e->row = *row;
    m->user = put(at, row->m.user);
    m->template_id = put(at, row->m.template_id);
    m->reason = m->data = m->page = m->emphasis = NULL;
    m->miniprogram_state = m->lang = m->tag = m->extra = NULL;
}

static struct entry *add(struct hy_sending *sending, const struct hy_row *row)
{
    size_t texts = room_for(row->m.user) + room_for(row->m.template_id);
    size_t id_slot = slot_of_id(row->m.id), user_slot = slot_of_user(row->m.app_no, row->m.user);
    struct entry *e;
    char *at;

    e = (struct entry *)malloc(sizeof *e + texts);
    if (!e)
        return NULL;
    at = e->texts;
    copy_row(e, row, &at);
    e->claim = NULL;
    e->next_by_id = sending->by_id[id_slot];
    e->next_by_user = sending->by_user[user_slot];
    sending->by_id[id_slot] = sending->by_user[user_slot] = e;
    sending->count++;
    return e;
}

/* --- from the file ---------------------------------------------------------------------------- */

/* The newest claim comes first: a message that an older one names, too, was claimed again since. */
static int load_one(struct hy_sqlite *s, struct claim **claim, int64_t claim_id, int64_t message_id)
{
    struct hy_row row;
    struct entry *e;
    int r = hy_message_load(s, message_id, &row);

    if (r < 0)
        return r == HY_E_NOT_FOUND ? 0 : r;
    if (row.m.state != HY_MESSAGE_SENDING || find_id(s->sending, message_id))
        return 0;
    if (!*claim || (*claim)->id != claim_id) {
        *claim = (struct claim *)calloc(1, sizeof **claim);
        if (!*claim)
            return HY_E_NOMEM;
        (*claim)->id = claim_id;
    }
    e = add(s->sending, &row);
    if (!e && (*claim)->open == 0)
        free(*claim);
    if (!e)
        return HY_E_NOMEM;
    e->claim = *claim;
    e->claim->open++;
    return 0;
}

int hy_parked_look(struct hy_sqlite *s)
{
    struct hy_query q;
    int64_t any;
    int r;

    hy_query_open(s, SQL_MESSAGE_PARKED_ANY, &q);
    r = hy_query_int(&q, &any);
    if (r == 0)
        s->sending->parked_any = any != 0;
    return r;
}

static int load(struct hy_sqlite *s)
{
    struct claim *claim = NULL;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_CLAIMED, &q);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        int64_t claim_id = hy_get_int(&q), message_id = hy_get_int(&q);

        r = load_one(s, &claim, claim_id, message_id);
        if (r < 0) {
            hy_query_close(&q);
            break;
        }
    }
    if (r == 0)
        r = hy_parked_look(s);
    if (r < 0)
        hy_sending_forget(s->sending);
    s->sending->known = r == 0;
    return r;
}

static int know(struct hy_sqlite *s)
{
    return s->sending->known ? 0 : load(s);
}

/* --- asking ----------------------------------------------------------------------------------- */

int hy_sending_find(struct hy_sqlite *s, int64_t message_id, struct hy_row *ret_row)
{
    const struct entry *e;
    struct hy_message *m = &ret_row->m;
    int r = know(s);

    if (r < 0)
        return r;
    e = find_id(s->sending, message_id);
    if (!e)
        return 0;
    *ret_row = e->row;
    m->user = hy_arena_strdup(&s->scratch, m->user);
    if (m->template_id)
        m->template_id = hy_arena_strdup(&s->scratch, m->template_id);
    return m->user && !m->template_id == !e->row.m.template_id ? 1 : HY_E_NOMEM;
}

int hy_user_sending(struct hy_sqlite *s, int64_t app_no, const char *user, const char *template_id)
{
    const struct entry *e;
    int r = know(s);

    if (r < 0)
        return r;
    e = find_user(s->sending, app_no, user);
    if (!e || !template_id)
        return e != NULL;
    return e->row.m.template_id && strcmp(e->row.m.template_id, template_id) == 0;
}

int hy_parked_any(struct hy_sqlite *s)
{
    int r = know(s);

    return r < 0 ? r : s->sending->parked_any;
}

void hy_parked_note(struct hy_sqlite *s)
{
    s->sending->parked_any = true;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x > y ? 1 : x < y ? -1 : 0;
}

int hy_sending_ids(struct hy_sqlite *s, int64_t **ret_ids, size_t *ret_count)
{
    size_t count = 0;
    int64_t *ids;
    int r = know(s);

    if (r < 0)
        return r;
    ids = (int64_t *)hy_arena_array(&s->scratch, s->sending->count + 1, sizeof *ids);
    if (!ids)
        return HY_E_NOMEM;
    for (size_t i = 0; i < SLOTS; i++)
        for (const struct entry *e = s->sending->by_id[i]; e; e = e->next_by_id)
            ids[count++] = e->row.m.id;
    if (count > 1)
        qsort(ids, count, sizeof *ids, by_number);
    *ret_ids = ids;
    *ret_count = count;
    return 0;
}

/* --- changes ---------------------------------------------------------------------------------- */

int hy_sending_add(struct hy_sqlite *s, const struct hy_row *row)
{
    int r = know(s);

    if (r < 0)
        return r;
    return add(s->sending, row) ? 0 : HY_E_NOMEM;
}

static int delete_claim(struct hy_sqlite *s, int64_t id)
{
    struct hy_query q;

    hy_query_open(s, SQL_CLAIMED_DELETE, &q);
    hy_put_int(&q, id);
    return hy_query_run(&q);
}

int hy_sending_remove(struct hy_sqlite *s, int64_t message_id)
{
    struct entry *e;
    int r = know(s);

    if (r < 0)
        return r;
    e = find_id(s->sending, message_id);
    if (!e)
        return HY_E_CORRUPT; /* the table `claimed` doesn't name it */
    if (e->claim && e->claim->open == 1)
        r = delete_claim(s, e->claim->id);
    unlink_entry(s->sending, e);
    free_entry(e);
    return r;
}

/* A JSON array. */
static const char *ids_of(struct hy_arena *arena, const struct hy_claimed *claimed, size_t count)
{
    enum { ID_BYTES = 21 }; /* with its comma */
    char *text = (char *)hy_arena_alloc(arena, count * ID_BYTES + 3), *at = text;

    if (!text)
        return NULL;
    for (size_t i = 0; i < count; i++)
        at += snprintf(at, ID_BYTES + 1, "%c%lld", i == 0 ? '[' : ',',
                       (long long)claimed[i].message.id);
    memcpy(at, "]", 2);
    return text;
}

int hy_sending_note_claim(struct hy_sqlite *s, const struct hy_claimed *claimed, size_t count)
{
    const char *ids = ids_of(&s->scratch, claimed, count);
    struct claim *claim;
    struct hy_query q;
    int r;

    if (!ids)
        return HY_E_NOMEM;
    hy_query_open(s, SQL_CLAIMED_ADD, &q);
    hy_put_text(&q, ids);
    r = hy_query_run(&q);
    if (r < 0)
        return r;
    claim = (struct claim *)malloc(sizeof *claim);
    if (!claim)
        return HY_E_NOMEM;
    *claim = (struct claim){sqlite3_last_insert_rowid(s->db), count};
    for (size_t i = 0; i < count; i++)
        find_id(s->sending, claimed[i].message.id)->claim = claim;
    return 0;
}
