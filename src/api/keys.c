#include "api/audit.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/err.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES_MAX = 64, SCOPES_MAX = 16 };

struct input {
    const char *name;
    json_t *scopes;
};

static const struct hy_json_field fields[] = {{.name = "name",
                                               .type = HY_JSON_TEXT,
                                               .offset = offsetof(struct input, name),
                                               .required = true,
                                               .max = NAME_BYTES_MAX},
                                              {.name = "scopes",
                                               .type = HY_JSON_ARRAY,
                                               .offset = offsetof(struct input, scopes),
                                               .required = true,
                                               .min = 1,
                                               .max = SCOPES_MAX},
                                              {0}};

static void write_key(struct hy_out *out, const struct hy_key *key, const char *secret)
{
    hy_out_begin(out, NULL, '{');
    hy_out_id(out, "id", 'k', key->id);
    hy_out_text(out, "name", key->name);
    hy_out_begin(out, "scopes", '[');
    for (unsigned i = 0; hy_scope_names[i]; i++)
        if (key->scopes >> i & 1)
            hy_out_text(out, NULL, hy_scope_names[i]);
    hy_out_end(out, ']');
    hy_out_text(out, "key", secret);
    hy_out_instant(out, "created_at", key->created_at_ms);
    hy_out_end(out, '}');
}

void hy_api_keys_list(struct hy_call *call)
{
    size_t count = 0;
    const struct hy_key *keys = hy_engine_key_list(call->engine, call->arena, &count);
    struct hy_out out;

    if (hy_call_failed(call, keys || count == 0 ? 0 : HY_E_NOMEM))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_begin(&out, "items", '[');
    for (size_t i = 0; i < count; i++)
        write_key(&out, &keys[i], NULL);
    hy_out_end(&out, ']');
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

static unsigned scope_bit(const char *name)
{
    for (unsigned i = 0; name && hy_scope_names[i]; i++)
        if (strcmp(hy_scope_names[i], name) == 0)
            return 1u << i;
    return 0;
}

static unsigned read_scopes(struct hy_call *call, const json_t *names)
{
    unsigned scopes = 0;

    for (size_t i = 0; i < json_array_size(names); i++) {
        unsigned bit = scope_bit(json_string_value(json_array_get(names, i)));
        char field[32];

        snprintf(field, sizeof field, "scopes[%zu]", i);
        if (!bit)
            hy_violations_add(&call->v, field, "one_of", "admin, send, read, token, client", NULL,
                              "%s must be one of admin, send, read, token, client.", field);
        scopes |= bit;
    }
    return scopes;
}

static void change_done(struct hy_key_change *change, void *arg)
{
    hy_call_wake(arg);
}

static struct hy_key_change *new_change(struct hy_call *call)
{
    struct hy_key_change *change = hy_call_work(call, sizeof *change);

    if (change) {
        change->done = change_done;
        change->arg = call;
    }
    return change;
}

static void created(struct hy_call *call)
{
    struct hy_key_change *change = call->work;
    struct hy_out out;

    if (hy_call_failed(call, change->op.result))
        return;
    hy_out_init(&out);
    write_key(&out, &change->put.key, change->secret);
    hy_call_reply(call, 201, &out);
    memset(change->secret, 0, sizeof change->secret);
}

void hy_api_keys_create(struct hy_call *call)
{
    struct input input = {0};
    struct hy_key_change *change;
    unsigned scopes;

    if (!hy_call_json(call, HY_BODY_REQUIRED))
        return;
    hy_json_read(call->body, fields, &input, &call->v);
    scopes = read_scopes(call, input.scopes);
    if (hy_call_refused(call))
        return;
    change = new_change(call);
    if (!change)
        return;
    change->op.audit = hy_call_audit_made(call, "key.create", 'k', &change->put.key.id, call->body);
    if (!change->op.audit)
        return;
    hy_call_defer(call, created);
    hy_engine_key_create(call->engine, input.name, scopes, change);
}

static void revoked(struct hy_call *call)
{
    const struct hy_key_change *change = call->work;

    if (!hy_call_failed(call, change->op.result))
        hy_call_reply_nothing(call);
}

void hy_api_keys_revoke(struct hy_call *call)
{
    struct hy_key_change *change;
    int64_t id;

    if (hy_call_failed(call, hy_out_id_parse(call->params[0], 'k', &id)))
        return;
    change = new_change(call);
    if (!change)
        return;
    change->op.audit = hy_call_audit(call, "key.revoke", call->params[0], NULL);
    if (!change->op.audit)
        return;
    hy_call_defer(call, revoked);
    hy_engine_key_revoke(call->engine, id, change);
}
