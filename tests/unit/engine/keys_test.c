#include "rig.h"
#include "tap.h"

#include "base/err.h"

static struct hy_key_change change;

static void note_result(struct hy_key_change *c, void *arg)
{
    *(int *)arg = c->op.result;
}

static int create(const char *name, unsigned scopes)
{
    int result = 1;

    change = (struct hy_key_change){.done = note_result, .arg = &result};
    hy_engine_key_create(rig.engine, name, scopes, &change);
    rig_run();
    return result;
}

static int revoke(int64_t id)
{
    int result = 1;

    change = (struct hy_key_change){.done = note_result, .arg = &result};
    hy_engine_key_revoke(rig.engine, id, &change);
    rig_run();
    return result;
}

static size_t key_count(void)
{
    size_t count;

    hy_engine_key_list(rig.engine, &rig.arena, &count);
    return count;
}

static unsigned scopes_of(const char *key)
{
    return hy_engine_key_scopes(rig.engine, key, NULL);
}

static void a_key_has_the_scopes_it_was_made_with(void)
{
    rig_open("memory:");
    for (unsigned scopes = 1; scopes < 32; scopes++) {
        CHECK_INT(create("k", scopes), 0);
        CHECK_INT(scopes_of(change.secret), scopes);
    }
    CHECK_INT(key_count(), 31);
    rig_close();
}

static void what_is_no_key_has_no_scope(void)
{
    char slip[64];

    rig_open("memory:");
    CHECK_INT(create("k", HY_SCOPE_ADMIN), 0);
    snprintf(slip, sizeof slip, "%s", change.secret);
    CHECK_INT(scopes_of(slip), HY_SCOPE_ADMIN);
    slip[10] ^= 1;
    CHECK_INT(scopes_of(slip), 0);
    slip[10] ^= 1;
    slip[strlen(slip) - 1] = 0;
    CHECK_INT(scopes_of(slip), 0);
    CHECK_INT(scopes_of(""), 0);
    CHECK_INT(scopes_of("k"), 0);
    rig_close();
}

static void keys_survive_a_restart(void)
{
    char secret[64];

    rig_open("memory:");
    CHECK_INT(create("shop", HY_SCOPE_SEND | HY_SCOPE_READ), 0);
    snprintf(secret, sizeof secret, "%s", change.secret);
    rig_restart();
    CHECK_INT(scopes_of(secret), HY_SCOPE_SEND | HY_SCOPE_READ);
    CHECK_TEXT(hy_engine_key_list(rig.engine, &rig.arena, &(size_t){0})[0].name, "shop");
    rig_close();
}

static void a_revoked_key_is_none(void)
{
    char first[64], second[64];
    int64_t id;

    rig_open("memory:");
    CHECK_INT(create("same name", HY_SCOPE_SEND), 0);
    snprintf(first, sizeof first, "%s", change.secret);
    id = change.put.key.id;
    CHECK_INT(create("same name", HY_SCOPE_SEND), 0);
    snprintf(second, sizeof second, "%s", change.secret);
    CHECK_INT(revoke(id), 0);
    CHECK_INT(scopes_of(first), 0);
    CHECK_INT(scopes_of(second), HY_SCOPE_SEND);
    CHECK_INT(revoke(id), HY_E_NOT_FOUND);
    CHECK_INT(revoke(999), HY_E_NOT_FOUND);
    rig_restart();
    CHECK_INT(scopes_of(first), 0);
    CHECK_INT(key_count(), 1);
    rig_close();
}

/* --- the operator's own admin key ------------------------------------------------------------- */

static int adopt(const char *secret)
{
    return hy_engine_key_adopt(rig.engine, "HONGYAN_ADMIN_KEY", secret);
}

static void an_adopted_key_is_admin_at_once_and_later(void)
{
    rig_open("memory:");
    CHECK_INT(adopt("correct horse battery"), 0);
    CHECK_INT(scopes_of("correct horse battery"), HY_SCOPE_ADMIN);
    rig_restart();
    CHECK_INT(scopes_of("correct horse battery"), HY_SCOPE_ADMIN);
    rig_close();
}

static void adopting_the_same_again_changes_nothing(void)
{
    int64_t id;

    rig_open("memory:");
    CHECK_INT(adopt("correct horse battery"), 0);
    id = hy_engine_key_list(rig.engine, &rig.arena, &(size_t){0})[0].id;
    rig_restart();
    CHECK_INT(adopt("correct horse battery"), 0);
    CHECK_INT(key_count(), 1);
    CHECK_INT(hy_engine_key_list(rig.engine, &rig.arena, &(size_t){0})[0].id, id);
    rig_close();
}

static void another_one_replaces_it_and_only_it(void)
{
    char made[64];

    rig_open("memory:");
    CHECK_INT(create("by hand", HY_SCOPE_ADMIN), 0);
    snprintf(made, sizeof made, "%s", change.secret);
    CHECK_INT(adopt("correct horse battery"), 0);
    CHECK_INT(adopt("staple staple staple"), 0);
    CHECK_INT(scopes_of("correct horse battery"), 0);
    CHECK_INT(scopes_of("staple staple staple"), HY_SCOPE_ADMIN);
    CHECK_INT(scopes_of(made), HY_SCOPE_ADMIN);
    rig_restart();
    CHECK_INT(scopes_of("correct horse battery"), 0);
    CHECK_INT(scopes_of("staple staple staple"), HY_SCOPE_ADMIN);
    CHECK_INT(key_count(), 2);
    rig_close();
}

/* Back to the one before: it was revoked, and is made anew. */
static void a_revoked_one_can_be_adopted_again(void)
{
    rig_open("memory:");
    CHECK_INT(adopt("correct horse battery"), 0);
    CHECK_INT(adopt("staple staple staple"), 0);
    CHECK_INT(adopt("correct horse battery"), 0);
    CHECK_INT(scopes_of("correct horse battery"), HY_SCOPE_ADMIN);
    CHECK_INT(scopes_of("staple staple staple"), 0);
    CHECK_INT(key_count(), 1);
    rig_close();
}

/* The text of a lesser key becomes the admin key: it must not stay a lesser one beside it. */
static void a_lesser_key_is_raised(void)
{
    char secret[64];

    rig_open("memory:");
    CHECK_INT(create("shop", HY_SCOPE_READ), 0);
    snprintf(secret, sizeof secret, "%s", change.secret);
    CHECK_INT(adopt(secret), 0);
    CHECK_INT(scopes_of(secret), HY_SCOPE_ADMIN);
    CHECK_INT(key_count(), 1);
    rig_close();
}

static void nothing_leads_from_a_listing_to_a_key(void)
{
    const struct hy_key *keys;
    size_t count;

    rig_open("memory:");
    CHECK_INT(create("shop", HY_SCOPE_SEND), 0);
    keys = hy_engine_key_list(rig.engine, &rig.arena, &count);
    CHECK_INT(count, 1);
    CHECK(memcmp(keys[0].hash, change.secret, HY_KEY_HASH_BYTES) != 0);
    CHECK_INT(keys[0].created_at_ms, rig_now_ms);
    CHECK_INT(strlen(change.secret), 46);
    CHECK(strncmp(change.secret, "hy_", 3) == 0);
    rig_close();
}

int main(void)
{
    RUN(a_key_has_the_scopes_it_was_made_with);
    RUN(what_is_no_key_has_no_scope);
    RUN(keys_survive_a_restart);
    RUN(a_revoked_key_is_none);
    RUN(an_adopted_key_is_admin_at_once_and_later);
    RUN(adopting_the_same_again_changes_nothing);
    RUN(another_one_replaces_it_and_only_it);
    RUN(a_revoked_one_can_be_adopted_again);
    RUN(a_lesser_key_is_raised);
    RUN(nothing_leads_from_a_listing_to_a_key);
    return hy_tap_end();
}
