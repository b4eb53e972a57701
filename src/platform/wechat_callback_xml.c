#include "platform/wechat_callback.h"

#include "base/err.h"

#include <expat.h>
#include <stdint.h>
#include <string.h>

struct reading {
    XML_Parser parser;
    json_t
        *open[HY_WECHAT_XML_DEPTH_MAX]; /* each open element's children; null while it has none */
    size_t depth, elements;
    struct hy_buf text;          /* since the last tag */
    size_t cdata_from, cdata_to; /* the part of it that CDATA holds, and so is never trimmed */
    json_t *root;
    const char *why;
    bool no_memory;
};

/* Handlers may be called once more after this; they look at `why` and `no_memory` first. */
static void stop(struct reading *x, const char *why)
{
    x->why = why;
    x->no_memory = !why;
    XML_StopParser(x->parser, XML_FALSE);
}

static bool stopped(const struct reading *x)
{
    return x->why || x->no_memory;
}

/* --- text ------------------------------------------------------------------------------------- */

static void forget_text(struct reading *x)
{
    hy_buf_clear(&x->text);
    x->cdata_from = SIZE_MAX;
    x->cdata_to = 0;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_blank_text(const struct reading *x)
{
    for (size_t i = 0; i < x->text.size; i++) {
        if (!is_blank(x->text.data[i]))
            return false;
    }
    return true;
}

static json_t *take_text(const struct reading *x)
{
    const char *text = hy_buf_text(&x->text);
    size_t from = 0, to = x->text.size;

    while (from < to && from < x->cdata_from && is_blank(text[from]))
        from++;
    while (to > from && to > x->cdata_to && is_blank(text[to - 1]))
        to--;
    return json_stringn(text + from, to - from);
}

/* --- handlers --------------------------------------------------------------------------------- */

static void on_text(void *self, const XML_Char *bytes, int count)
{
    struct reading *x = self;

    if (stopped(x))
        return;
    hy_buf_append(&x->text, bytes, (size_t)count);
    if (!hy_buf_ok(&x->text))
        stop(x, NULL);
}

static void on_cdata_start(void *self)
{
    struct reading *x = self;

    if (x->cdata_from == SIZE_MAX)
        x->cdata_from = x->text.size;
}

static void on_cdata_end(void *self)
{
    struct reading *x = self;

    x->cdata_to = x->text.size;
}

static void on_start(void *self, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *x = self;

    if (stopped(x))
        return;
    if (x->depth == HY_WECHAT_XML_DEPTH_MAX)
        stop(x, "The XML is nested too deeply.");
    else if (++x->elements > HY_WECHAT_XML_ELEMENTS_MAX)
        stop(x, "The XML has too many elements.");
    else if (!is_blank_text(x))
        stop(x, "The XML has text beside elements.");
    else
        x->open[x->depth++] = NULL;
    forget_text(x);
}

/* Puts `value`, which it takes over, among the children of the innermost open element. */
static bool add_child(struct reading *x, const char *name, json_t *value)
{
    json_t **parent = &x->open[x->depth - 1];
    json_t *former, *list;

    if (!*parent)
        *parent = json_object();
    former = json_object_get(*parent, name);
    if (json_is_array(former))
        return json_array_append_new(former, value) == 0;
    if (!former)
        return json_object_set_new(*parent, name, value) == 0;
    list = json_pack("[O,o]", former, value);
    return json_object_set_new(*parent, name, list) == 0;
}

static void on_end(void *self, const XML_Char *name)
{
    struct reading *x = self;
    json_t *value;

    if (stopped(x))
        return;
    value = x->open[--x->depth];
    if (value && !is_blank_text(x)) {
        json_decref(value);
        stop(x, "The XML has text beside elements.");
        return;
    }
    if (!value)
        value = take_text(x);
    forget_text(x);
    if (x->depth == 0 && value)
        x->root = value;
    else if (!value || !add_child(x, name, value))
        stop(x, NULL);
}

static void on_doctype(void *self, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int has_internal_subset)
{
    stop(self, "The XML has a document type, which is not allowed.");
}

/* --- the whole -------------------------------------------------------------------------------- */

static void set_handlers(struct reading *x)
{
    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, on_start, on_end);
    XML_SetCharacterDataHandler(x->parser, on_text);
    XML_SetCdataSectionHandler(x->parser, on_cdata_start, on_cdata_end);
    XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
}

static int result_of(struct reading *x, enum XML_Status status, const char **ret_why)
{
    if (x->no_memory || XML_GetErrorCode(x->parser) == XML_ERROR_NO_MEMORY)
        return HY_E_NOMEM;
    if (x->why)
        *ret_why = x->why;
    else if (status != XML_STATUS_OK)
        *ret_why = "The XML is not well-formed, or not UTF-8.";
    else if (!json_is_object(x->root))
        *ret_why = "The XML has no elements in its root.";
    else
        return 0;
    return HY_E_INVALID;
}

int hy_wechat_read_xml(const char *bytes, size_t size, json_t **ret_value, const char **ret_why)
{
    struct reading x = {0};
    enum XML_Status status;
    int err;

    if (size > HY_WECHAT_CALLBACK_BYTES_MAX) {
        *ret_why = "The XML is too long.";
        return HY_E_INVALID;
    }
    /* UTF-8 whatever the document says of itself: other encodings are where checks get lost. */
    x.parser = XML_ParserCreate("UTF-8");
    if (!x.parser)
        return HY_E_NOMEM;
    hy_buf_init(&x.text, HY_WECHAT_CALLBACK_BYTES_MAX);
    forget_text(&x);
    set_handlers(&x);
    status = XML_Parse(x.parser, bytes, (int)size, XML_TRUE);
    err = result_of(&x, status, ret_why);
    if (err == 0)
        *ret_value = json_incref(x.root);
    for (size_t i = 0; i < x.depth; i++)
        json_decref(x.open[i]);
    json_decref(x.root);
    hy_buf_deinit(&x.text);
    XML_ParserFree(x.parser);
    return err;
}
