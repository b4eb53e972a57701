/*
 * A form's bytes, whatever they are: what is read is UTF-8 without a NUL, and encoding it again and
 * reading that gives the same fields.
 */
#include "api/form.h"

#include "api/utf8.h"
#include "base/buf.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(const struct hy_form *form, struct hy_buf *out)
{
    for (size_t i = 0; i < form->count; i++) {
        const struct hy_form_field *field = &form->fields[i];

        assert(hy_utf8_ok(field->name, strlen(field->name)));
        assert(hy_utf8_ok(field->value, strlen(field->value)));
        hy_buf_put_urlencoded(out, field->name);
        hy_buf_putc(out, '=');
        hy_buf_put_urlencoded(out, field->value);
        hy_buf_putc(out, '&');
    }
}

static void compare(const struct hy_form *a, const struct hy_form *b)
{
    assert(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert(strcmp(a->fields[i].name, b->fields[i].name) == 0);
        assert(strcmp(a->fields[i].value, b->fields[i].value) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hy_arena arena;
    struct hy_form form, again;
    struct hy_buf out;

    hy_arena_init(&arena);
    hy_buf_init(&out, 4 * HY_FORM_BYTES_MAX);
    if (hy_form_parse(&arena, (const char *)data, size, &form) == 0) {
        encode(&form, &out);
        /* Encoding makes it up to three times as long: beyond the limit nothing is compared. */
        if (hy_buf_ok(&out) && out.size <= HY_FORM_BYTES_MAX) {
            int err = hy_form_parse(&arena, hy_buf_text(&out), out.size, &again);

            assert(err == 0);
            (void)err;
            compare(&form, &again);
        }
    }
    hy_buf_deinit(&out);
    hy_arena_deinit(&arena);
    return 0;
}
