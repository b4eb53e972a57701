/*
 * A form as the simulator reads it, whatever its bytes are: an object of texts and lists of texts, or
 * nothing. Fields written again and read again are the same.
 */
#include "base/buf.h"
#include "sim/form.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { BYTES_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(struct hy_buf *out, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hy_buf_printf(out, "%%%02x", (unsigned char)bytes[i]);
}

static void put_pair(struct hy_buf *out, const char *name, const char *more, const json_t *value)
{
    assert(json_is_string(value));
    put(out, name, strlen(name));
    hy_buf_puts(out, more);
    hy_buf_putc(out, '=');
    put(out, json_string_value(value), json_string_length(value));
    hy_buf_putc(out, '&');
}

static void encode(json_t *form, struct hy_buf *out)
{
    const char *name;
    json_t *value;

    json_object_foreach(form, name, value)
    {
        if (!json_is_array(value))
            put_pair(out, name, "", value);
        for (size_t i = 0; i < json_array_size(value); i++)
            put_pair(out, name, "[]", json_array_get(value, i));
    }
}

/* A name that holds a NUL or a bracket, or is left empty by "[]", cannot be written as it was. */
static bool writable(json_t *form)
{
    const char *name;
    json_t *value;
    size_t length;

    json_object_keylen_foreach(form, name, length, value)
    {
        if (length == 0 || strlen(name) != length || strchr(name, '['))
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HY_JSON_SCOPED json_t *form = hy_sim_form_read((const char *)data, size);
    HY_JSON_SCOPED json_t *again = NULL;
    struct hy_buf out;

    if (!form)
        return 0;
    assert(json_is_object(form));
    hy_buf_init(&out, BYTES_MAX);
    if (writable(form))
        encode(form, &out);
    if (writable(form) && hy_buf_ok(&out)) {
        again = hy_sim_form_read(hy_buf_text(&out), out.size);
        assert(again && json_equal(form, again));
    }
    hy_buf_deinit(&out);
    return 0;
}
