/*
 * shelf.c - the templates of all apps in memory, so that a message is checked without asking the
 * store.
 *
 * As in the registry an entry never changes: what an app has is replaced as a whole, and whoever
 * holds an old entry keeps it until they release it.
 */
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

struct hy_shelf_entry {
    struct hy_shelf_item item; /* first: an item's pointer is a pointer to this */
    atomic_int references;
    struct hy_arena arena;
};

int hy_shelf_init(struct hy_shelf *shelf)
{
    *shelf = (struct hy_shelf){0};
    return pthread_rwlock_init(&shelf->lock, NULL) == 0 ? 0 : HY_E_NOMEM;
}

static void release(struct hy_shelf_entry *entry)
{
    if (entry && atomic_fetch_sub(&entry->references, 1) == 1) {
        hy_arena_deinit(&entry->arena);
        free(entry);
    }
}

void hy_engine_template_release(const struct hy_shelf_item *item)
{
    release((struct hy_shelf_entry *)item);
}

void hy_shelf_deinit(struct hy_shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        release(shelf->entries[i]);
    free(shelf->entries);
    free(shelf->synced);
    pthread_rwlock_destroy(&shelf->lock);
}

/* --- one entry -------------------------------------------------------------------------------- */

static int read_values(struct hy_arena *arena, const json_t *list, struct hy_template_field *field)
{
    const char **values = hy_arena_array(arena, json_array_size(list) + 1, sizeof *values);

    if (!values)
        return HY_E_NOMEM;
    for (size_t i = 0, k = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);

        if (!json_is_string(value))
            continue;
        values[k] = hy_arena_strdup(arena, json_string_value(value));
        if (!values[k++])
            return HY_E_NOMEM;
    }
    field->enum_values = values[0] ? values : NULL;
    return 0;
}

static int read_choices(struct hy_arena *arena, const char *text, struct hy_template_field *fields,
                        size_t count)
{
    HY_JSON_SCOPED json_t *choices = text ? hy_json_parse(text, strlen(text), NULL, 0) : NULL;
    int err = 0;

    for (size_t i = 0; choices && i < count && !err; i++) {
        const json_t *list = json_object_get(choices, fields[i].key);

        if (json_array_size(list) > 0)
            err = read_values(arena, list, &fields[i]);
    }
    return err;
}

/* A text that cannot be read leaves the template without fields: then nothing is checked. */
static int read_fields(struct hy_shelf_entry *entry)
{
    const struct hy_template *t = &entry->item.template;
    struct hy_template_field *fields;
    size_t count;
    int err = hy_template_parse(t->content, &entry->arena, &fields, &count);

    if (err)
        return err == HY_E_NOMEM ? err : 0;
    err = read_choices(&entry->arena, t->choices, fields, count);
    if (!err) {
        entry->item.fields = fields;
        entry->item.field_count = count;
    }
    return err;
}

static int copy_template(struct hy_arena *arena, const struct hy_template *from,
                         struct hy_template *to)
{
    *to = *from;
    to->id = hy_arena_strdup(arena, from->id);
    to->title = hy_arena_strdup(arena, from->title ? from->title : "");
    to->content = hy_arena_strdup(arena, from->content ? from->content : "");
    to->example = hy_arena_strdup(arena, from->example);
    to->choices = hy_arena_strdup(arena, from->choices);
    return to->id && to->title && to->content && !to->example == !from->example &&
                   !to->choices == !from->choices
               ? 0
               : HY_E_NOMEM;
}

/* Null when out of memory. */
static struct hy_shelf_entry *new_entry(const struct hy_template *from)
{
    struct hy_shelf_entry *entry = calloc(1, sizeof *entry);

    if (!entry)
        return NULL;
    hy_arena_init(&entry->arena);
    atomic_init(&entry->references, 1);
    if (copy_template(&entry->arena, from, &entry->item.template) == 0 && read_fields(entry) == 0)
        return entry;
    release(entry);
    return NULL;
}

/* --- what an app has -------------------------------------------------------------------------- */

/* In the order in which they are looked for. */
static int compare(int64_t app_no, const char *id, const struct hy_template *b)
{
    if (app_no != b->app_no)
        return app_no < b->app_no ? -1 : 1;
    return strcmp(id, b->id);
}

static int by_place(const void *a, const void *b)
{
    const struct hy_template *first = &(*(struct hy_shelf_entry *const *)a)->item.template;

    return compare(first->app_no, first->id, &(*(struct hy_shelf_entry *const *)b)->item.template);
}

static void release_all(struct hy_shelf_entry **entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        release(entries[i]);
    free(entries);
}

/* Null when out of memory. */
static struct hy_shelf_entry **new_entries(const struct hy_template *templates, size_t count)
{
    struct hy_shelf_entry **entries = calloc(count + 1, sizeof(struct hy_shelf_entry *));

    for (size_t i = 0; entries && i < count; i++) {
        entries[i] = new_entry(&templates[i]);
        if (!entries[i]) {
            release_all(entries, i);
            return NULL;
        }
    }
    return entries;
}

static bool is_synced(const struct hy_shelf *shelf, int64_t app_no)
{
    for (size_t i = 0; i < shelf->synced_count; i++) {
        if (shelf->synced[i] == app_no)
            return true;
    }
    return false;
}

static int note_synced(struct hy_shelf *shelf, int64_t app_no)
{
    int64_t *grown;

    if (is_synced(shelf, app_no))
        return 0;
    grown = realloc(shelf->synced, (shelf->synced_count + 1) * sizeof *grown);
    if (!grown)
        return HY_E_NOMEM;
    shelf->synced = grown;
    shelf->synced[shelf->synced_count++] = app_no;
    return 0;
}

/* Puts `fresh` in the place of what the app had, which goes into `old`; returns how many these are.
 * `room` becomes the shelf. */
static size_t exchange(struct hy_shelf *shelf, int64_t app_no, struct hy_shelf_entry **fresh,
                       size_t count, struct hy_shelf_entry **room, struct hy_shelf_entry **old)
{
    size_t kept = count, gone = 0;

    memcpy(room, fresh, count * sizeof(struct hy_shelf_entry *));
    for (size_t i = 0; i < shelf->count; i++) {
        if (shelf->entries[i]->item.template.app_no == app_no)
            old[gone++] = shelf->entries[i];
        else
            room[kept++] = shelf->entries[i];
    }
    qsort(room, kept, sizeof(struct hy_shelf_entry *), by_place);
    free(shelf->entries);
    shelf->entries = room;
    shelf->count = kept;
    return gone;
}

int hy_shelf_replace(struct hy_shelf *shelf, int64_t app_no, const struct hy_template *templates,
                     size_t count, bool synced)
{
    struct hy_shelf_entry **fresh = new_entries(templates, count), **room, **old;
    size_t gone = count;
    int err = 0;

    if (!fresh)
        return HY_E_NOMEM;
    pthread_rwlock_wrlock(&shelf->lock);
    room = calloc(shelf->count + count + 1, sizeof(struct hy_shelf_entry *));
    old = calloc(shelf->count + 1, sizeof(struct hy_shelf_entry *));
    if (!room || !old || (synced && note_synced(shelf, app_no) != 0))
        err = HY_E_NOMEM;
    else
        gone = exchange(shelf, app_no, fresh, count, room, old);
    atomic_fetch_add(&shelf->changes, 1);
    pthread_rwlock_unlock(&shelf->lock);
    release_all(err ? fresh : old, gone);
    free(err ? old : fresh);
    free(err ? room : NULL);
    return err;
}

/* Of an empty shelf. */
static int take_all(struct hy_shelf *shelf, const struct hy_templates *read)
{
    int err = 0;

    shelf->entries = new_entries(read->templates, read->count);
    if (!shelf->entries)
        return HY_E_NOMEM;
    shelf->count = read->count;
    qsort(shelf->entries, shelf->count, sizeof(struct hy_shelf_entry *), by_place);
    for (size_t i = 0; i < read->sync_count && !err; i++)
        err = note_synced(shelf, read->syncs[i].app_no);
    return err;
}

int hy_shelf_load(struct hy_engine *engine)
{
    struct hy_arena arena;
    struct hy_templates read = {.op.verb = HY_VERB_TEMPLATES, .arena = &arena};
    int err;

    hy_arena_init(&arena);
    err = hy_store_run(engine->config.store, &read.op);
    if (!err)
        err = take_all(&engine->shelf, &read);
    hy_arena_deinit(&arena);
    return err;
}

/* --- looking ---------------------------------------------------------------------------------- */

static struct hy_shelf_entry *find(const struct hy_shelf *shelf, int64_t app_no, const char *id)
{
    size_t low = 0, high = shelf->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(app_no, id, &shelf->entries[middle]->item.template);

        if (order == 0)
            return shelf->entries[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static const struct hy_shelf_item *counted(struct hy_shelf_entry *entry)
{
    if (!entry)
        return NULL;
    atomic_fetch_add(&entry->references, 1);
    return &entry->item;
}

const struct hy_shelf_item *hy_engine_template(struct hy_engine *engine, int64_t app_no,
                                               const char *template_id)
{
    struct hy_shelf *shelf = &engine->shelf;
    const struct hy_shelf_item *item;

    pthread_rwlock_rdlock(&shelf->lock);
    item = counted(find(shelf, app_no, template_id));
    pthread_rwlock_unlock(&shelf->lock);
    return item;
}

enum hy_template_kind hy_engine_template_kind(struct hy_engine *engine, int64_t app_no,
                                              const char *template_id, bool *ret_absent)
{
    struct hy_shelf *shelf = &engine->shelf;
    const struct hy_shelf_entry *entry;
    enum hy_template_kind kind;

    pthread_rwlock_rdlock(&shelf->lock);
    entry = find(shelf, app_no, template_id);
    kind = entry ? entry->item.template.kind : HY_TEMPLATE_ANY;
    if (ret_absent)
        *ret_absent = !entry && is_synced(shelf, app_no);
    pthread_rwlock_unlock(&shelf->lock);
    return kind;
}

static int by_title(const void *a, const void *b)
{
    const struct hy_template *first = &(*(const struct hy_shelf_item *const *)a)->template;
    const struct hy_template *second = &(*(const struct hy_shelf_item *const *)b)->template;
    int order = (int)first->kind - (int)second->kind;

    if (order == 0)
        order = strcmp(first->title, second->title);
    return order ? order : strcmp(first->id, second->id);
}

const struct hy_shelf_item **hy_engine_template_list(struct hy_engine *engine, int64_t app_no,
                                                     struct hy_arena *arena, size_t *ret_count)
{
    struct hy_shelf *shelf = &engine->shelf;
    const struct hy_shelf_item **list;
    size_t count = 0;

    pthread_rwlock_rdlock(&shelf->lock);
    list = hy_arena_array(arena, shelf->count + 1, sizeof *list);
    for (size_t i = 0; list && i < shelf->count; i++) {
        if (shelf->entries[i]->item.template.app_no == app_no)
            list[count++] = counted(shelf->entries[i]);
    }
    pthread_rwlock_unlock(&shelf->lock);
    if (list)
        qsort(list, count, sizeof *list, by_title);
    *ret_count = count;
    return list;
}
