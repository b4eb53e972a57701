#include "base/json.h"

#include "base/json_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libjansson's own true, false and null have: such a value is counted no more. */
static const size_t immortal = (size_t)-1;

static int depth_of(const json_t *value, int limit)
{
    int deepest = 0;

    if (limit == 0 || (!json_is_object(value) && !json_is_array(value)))
        return 0;
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            int depth = depth_of(json_array_get(value, i), limit - 1);
            deepest = depth > deepest ? depth : deepest;
        }
    } else {
        const char *key;
        json_t *item;

        json_object_foreach((json_t *)value, key, item)
        {
            int depth = depth_of(item, limit - 1);
            deepest = depth > deepest ? depth : deepest;
        }
    }
    return deepest + 1;
}

/* jansson quotes the input near the fault; the input may hold a secret, so only its own words and
 * the place are passed on. */
static void explain(const json_error_t *error, char *ret_reason, size_t reason_size)
{
    char words[JSON_ERROR_TEXT_LENGTH];
    char *near;

    snprintf(words, sizeof words, "%s", error->text);
    near = strstr(words, " near '");
    if (near)
        *near = 0;
    if (json_error_code(error) == json_error_duplicate_key)
        snprintf(words, sizeof words, "a key is given twice in one object");
    snprintf(ret_reason, reason_size, "not valid JSON at line %d column %d: %s", error->line,
             error->column, words);
}

bool hy_json_starved(void)
{
    return hy_json_short_of_memory();
}

static json_t *parse(struct hy_arena *arena, const char *bytes, size_t size, char *ret_reason,
                     size_t reason_size)
{
    json_error_t error;
    json_t *root = hy_json_load(bytes ? bytes : "", size, arena, &error);

    if (root && arena)
        root->refcount = immortal;

    if (hy_json_short_of_memory()) {
        if (ret_reason)
            snprintf(ret_reason, reason_size, "too much: there is no memory for it now");
        return NULL;
    }
    if (!root) {
        if (ret_reason)
            explain(&error, ret_reason, reason_size);
        return NULL;
    }
    if (depth_of(root, HY_JSON_DEPTH_MAX + 1) > HY_JSON_DEPTH_MAX) {
        json_decref(root);
        if (ret_reason)
            snprintf(ret_reason, reason_size, "nested deeper than %d levels", HY_JSON_DEPTH_MAX);
        return NULL;
    }
    return root;
}

json_t *hy_json_parse(const char *bytes, size_t size, char *ret_reason, size_t reason_size)
{
    return parse(NULL, bytes, size, ret_reason, reason_size);
}

json_t *hy_json_parse_in(struct hy_arena *arena, const char *bytes, size_t size, char *ret_reason,
                         size_t reason_size)
{
    return parse(arena, bytes, size, ret_reason, reason_size);
}

json_t *hy_json_copy(const json_t *value)
{
    json_t *copy;

    hy_json_watch_memory();
    hy_json_clear_short_of_memory();
    copy = json_deep_copy(value);
    if (copy && hy_json_short_of_memory()) {
        json_decref(copy);
        copy = NULL;
    }
    return copy;
}

static int write_piece(const char *bytes, size_t size, void *out)
{
    hy_buf_append(out, bytes, size);
    return 0;
}

/* What a tree holds is UTF-8 already. */
static bool is_its_own_text(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == '"' || text[i] == '\\')
            return false;
    return true;
}

void hy_json_write(struct hy_buf *out, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);

    if (text && is_its_own_text(text, size)) { /* as most are; jansson takes 1 us for one */
        hy_buf_putc(out, '"');
        hy_buf_append(out, text, size);
        hy_buf_putc(out, '"');
    } else if (json_dump_callback(value, write_piece, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0) {
        out->failed = true;
    }
}

/* Without a tree when there is nothing to check or to escape. */
void hy_json_write_text(struct hy_buf *out, const char *text)
{
    const char *at = text;
    json_t *value;

    while (*at >= ' ' && *at < 0x7f && *at != '"' && *at != '\\')
        at++;
    if (!*at) {
        hy_buf_putc(out, '"');
        hy_buf_append(out, text, (size_t)(at - text));
        hy_buf_putc(out, '"');
        return;
    }
    value = json_string(text);
    hy_json_write(out, value);
    json_decref(value);
}

char *hy_json_text(struct hy_arena *arena, const json_t *value)
{
    size_t size = json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
    char *text = size ? hy_arena_alloc(arena, size + 1) : NULL;

    /* To write it takes memory, too: what was written by half is nothing. */
    if (text && json_dumpb(value, text, size, JSON_COMPACT | JSON_ENCODE_ANY) != size)
        return NULL;
    return text;
}

void hy_json_scope_end(json_t **value)
{
    json_decref(*value);
}
