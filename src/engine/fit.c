/*
 * fit.c - what a message says, held against its template before any permission is touched.
 *
 * The platform's own check comes first; what it refuses of `data` is not told twice. A template
 * that is not on the shelf passes: the platform has the last word. The request's data is never
 * written to, because the fingerprint of the idempotency key is taken of it.
 */
#include "engine/internal.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = HY_TEMPLATE_KEY_BYTES + 8 };

struct fitting {
    const struct hy_fit *fit;
    const struct hy_shelf_item *item; /* counted; null: the template is not known */
    struct hy_violations *v;
    json_t *data; /* counted */
    bool opened;  /* data came as text */
    bool copied;  /* data is our own already */
    struct hy_repair_note *notes;
    size_t note_count;
};

/* --- repair ----------------------------------------------------------------------------------- */

static void note(struct fitting *f, const char *field, const char *value)
{
    struct hy_repair_note *n = f->notes ? &f->notes[f->note_count] : NULL;

    if (n)
        *n = (struct hy_repair_note){hy_arena_strdup(f->v->arena, field), value};
    if (!n || !n->field || !n->value)
        f->v->unkept++; /* out of memory: refused */
    else
        f->note_count++;
}

/* An object that came as its JSON text is what was meant. */
static void open_text(struct fitting *f)
{
    const char *text = json_string_value(f->data);
    json_t *object = text ? hy_json_parse(text, json_string_length(f->data), NULL, 0) : NULL;

    if (json_is_object(object)) {
        json_decref(f->data);
        f->data = object;
        f->opened = f->copied = true;
    } else {
        f->v->unkept += text && !object && hy_json_starved(); /* it may be one: refused */
        json_decref(object);
    }
}

static json_t *value_at(const json_t *data, const char *key, json_t **ret_holder)
{
    json_t *item = json_object_get(data, key);

    *ret_holder = json_is_object(item) ? item : (json_t *)data;
    return json_is_object(item) ? json_object_get(item, "value") : item;
}

static void put_value(struct fitting *f, const char *key, const char *text)
{
    json_t *own = f->copied ? NULL : hy_json_copy(f->data), *holder;

    if (!f->copied && own) {
        json_decref(f->data);
        f->data = own;
        f->copied = true;
    }
    value_at(f->data, key, &holder);
    if (!f->copied ||
        json_object_set_new(holder, holder == f->data ? key : "value", json_string(text)) != 0)
        f->v->unkept++; /* out of memory: refused */
}

static void cut_field(struct fitting *f, const struct hy_template_field *field)
{
    char path[PATH_BYTES];
    json_t *holder;
    const char *text = json_string_value(value_at(f->data, field->key, &holder)), *cut;

    cut = text ? hy_template_cut(field->type, text, f->v->arena) : NULL;
    if (!cut || strcmp(cut, text) == 0)
        return;
    put_value(f, field->key, cut);
    snprintf(path, sizeof path, "data.%s", field->key);
    note(f, path, cut);
}

static void repair(struct fitting *f)
{
    size_t fields = f->item ? f->item->field_count : 0;

    f->notes = hy_arena_array(f->v->arena, fields + 1, sizeof *f->notes);
    if (json_is_string(f->data))
        open_text(f);
    for (size_t i = 0; i < fields && json_is_object(f->data); i++)
        cut_field(f, &f->item->fields[i]);
}

/* --- check ------------------------------------------------------------------------------------ */

/* Whether a fault found since there were `before` is one of data; one that was not kept may be. */
static bool data_refused(const struct hy_violations *v, size_t before)
{
    size_t prefix = v->prefix ? strlen(v->prefix) : 0;

    for (size_t i = before; i < v->count; i++) {
        if (strncmp(v->items[i].field + prefix, "data", 4) == 0)
            return true;
    }
    return v->unkept > 0;
}

/* The platform's own check. What is still to come of a part is not missed: an emphasis may name
 * it. */
static void check_shape(struct fitting *f)
{
    const struct hy_fit *fit = f->fit;
    struct hy_message shown = *fit->message;
    HY_JSON_SCOPED json_t *stand_in = NULL;
    const char *text = NULL;

    if (fit->part)
        shown.emphasis = NULL;
    if (fit->part && !f->data)
        stand_in = json_pack("{s:s}", "keyword1", "-");
    fit->app->platform->check_message(&shown, stand_in ? stand_in : f->data, f->v, &text);
    if (text && !stand_in)
        fit->message->data = text;
}

/* Of a part only the keys that are there are held against their fields. */
static void check_template(struct fitting *f)
{
    const struct hy_shelf_item *item = f->item;
    struct hy_template_field *given;
    size_t count = 0;

    if (!f->fit->part) {
        hy_template_check(item->fields, item->field_count, f->data, f->v);
        return;
    }
    given = hy_arena_array(f->v->arena, item->field_count, sizeof *given);
    for (size_t i = 0; given && i < item->field_count; i++) {
        if (json_object_get(f->data, item->fields[i].key))
            given[count++] = item->fields[i];
    }
    if (!given)
        f->v->unkept++; /* out of memory: refused */
    else if (f->data)
        hy_template_check(given, count, f->data, f->v);
}

/* Returns how many faults only the template knows of. */
static size_t check(struct fitting *f)
{
    const struct hy_fit *fit = f->fit;
    struct hy_violations *v = f->v;
    size_t before = v->count, checked;

    check_shape(f);
    checked = v->count + v->unkept;
    if (f->item && f->item->field_count > 0 && !data_refused(v, before))
        check_template(f);
    if (f->opened && !hy_violations_any(v))
        note(f, "data", fit->message->data);
    return v->count + v->unkept - checked;
}

size_t hy_fit_message(const struct hy_fit *fit, struct hy_violations *v,
                      const struct hy_repair_note **ret_notes, size_t *ret_count)
{
    struct hy_message *m = fit->message;
    struct fitting f = {.fit = fit,
                        .item = hy_engine_template(fit->engine, m->app_no, m->template_id),
                        .v = v,
                        .data = json_incref(fit->data)};
    size_t unfit;

    m->template_kind = f.item ? f.item->template.kind : HY_TEMPLATE_ANY;
    if (fit->repair == HY_REPAIR_CUT)
        repair(&f);
    unfit = check(&f);
    json_decref(f.data);
    if (f.item)
        hy_engine_template_release(f.item);
    *ret_notes = f.notes;
    *ret_count = f.note_count;
    return unfit;
}
