#include "rig.h"
#include "tap.h"

#include "base/err.h"
#include "engine/app_secrets.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <unistd.h>

static void set_up(void)
{
    rig_open("memory:");
    CHECK_INT(rig_add_app(""), 0);
}

/* --- secrets ---------------------------------------------------------------------------------- */

static size_t stored_secret_size(int64_t no)
{
    struct hy_apps apps = {.op.verb = HY_VERB_APPS, .arena = &rig.arena};

    CHECK_INT(hy_store_run(rig.store, &apps.op), 0);
    for (size_t i = 0; i < apps.count; i++) {
        if (apps.apps[i].no == no)
            return apps.apps[i].secret.size;
    }
    return 0;
}

static int secret_in_memory(int64_t no, struct hy_sealed *ret_secret)
{
    return hy_registry_secret(&rig.engine->registry, no, &rig.arena, ret_secret);
}

/* The sealed secret of app 1, as the engine holds it. */
struct kept {
    char bytes[128];
    size_t size;
};

static struct kept keep_secret(void)
{
    struct hy_sealed secret;
    struct kept kept;

    CHECK_INT(secret_in_memory(1, &secret), 0);
    CHECK_INT(secret.size, strlen(RIG_SECRET) + HY_SEAL_OVERHEAD_BYTES);
    CHECK(secret.size <= sizeof kept.bytes);
    memcpy(kept.bytes, secret.bytes, secret.size);
    kept.size = secret.size;
    return kept;
}

/* A change that does not name the secret keeps it, in the store and in memory. */
static void a_change_keeps_the_secret(void)
{
    struct kept before, after;

    set_up();
    before = keep_secret();
    CHECK_INT(rig_change_app(RIG_APP, "{'rate_per_s':9}"), 0);
    after = keep_secret();
    CHECK_INT(memcmp(before.bytes, after.bytes, before.size), 0);
    rig_restart();
    after = keep_secret();
    CHECK_INT(memcmp(before.bytes, after.bytes, before.size), 0);
    rig_close();
}

static void a_new_secret_replaces_the_old(void)
{
    struct kept before, after;

    set_up();
    before = keep_secret();
    CHECK_INT(rig_change_app(RIG_APP, "{'secret':'ffffffffffffffffffffffffffffffff'}"), 0);
    after = keep_secret();
    CHECK(memcmp(before.bytes, after.bytes, before.size) != 0);
    rig_close();
}

static void a_removed_apps_secret_is_wiped(void)
{
    struct hy_sealed secret;

    set_up();
    CHECK(stored_secret_size(1) > 0);
    CHECK_INT(rig_remove_app(RIG_APP), 0);
    CHECK_INT(stored_secret_size(1), 0);
    CHECK_INT(secret_in_memory(1, &secret), HY_E_NOT_FOUND);
    rig_restart();
    CHECK_INT(secret_in_memory(1, &secret), HY_E_NOT_FOUND);
    rig_close();
}

/* --- the secrets of callbacks ----------------------------------------------------------------- */

#define TOKEN   "callback-token-1"
#define AES_KEY "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

/* What can be opened is exactly this; null for none. */
static void check_callback(const char *token, const char *aes_key)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(rig.engine, RIG_APP);
    struct hy_callback_secrets secrets;
    struct hy_sealed sealed;

    CHECK_INT(hy_registry_callback(&rig.engine->registry, app->app.no, &rig.arena, &sealed), 0);
    CHECK_INT(hy_callback_secrets_open(rig.seal, RIG_APP, &sealed, &rig.arena, &secrets), 0);
    CHECK(!token == !secrets.token && !aes_key == !secrets.aes_key);
    if (token)
        CHECK_TEXT(secrets.token, token);
    if (aes_key)
        CHECK_TEXT(secrets.aes_key, aes_key);
    CHECK_INT(app->has_callback, token != NULL);
    CHECK_INT(app->has_callback_key, aes_key != NULL);
    CHECK(!strstr(app->app.settings, TOKEN));
}

static void callback_secrets_are_kept_changed_and_removed_one_by_one(void)
{
    rig_open("memory:");
    CHECK_INT(rig_add_app("'callback_token':'" TOKEN "'"), 0);
    check_callback(TOKEN, NULL);
    CHECK_INT(rig_change_app(RIG_APP, "{'callback_aes_key':'" AES_KEY "'}"), 0);
    check_callback(TOKEN, AES_KEY);
    CHECK_INT(rig_change_app(RIG_APP, "{'callback_token':'another-token'}"), 0);
    check_callback("another-token", AES_KEY);
    CHECK_INT(rig_change_app(RIG_APP, "{'rate_per_s':9}"), 0);
    check_callback("another-token", AES_KEY);
    rig_restart();
    check_callback("another-token", AES_KEY);
    CHECK_INT(rig_change_app(RIG_APP, "{'callback_aes_key':null}"), 0);
    check_callback("another-token", NULL);
    CHECK_INT(rig_change_app(RIG_APP, "{'callback_token':null}"), 0);
    check_callback(NULL, NULL);
    rig_restart();
    check_callback(NULL, NULL);
    rig_close();
}

/* The row was damaged: the app goes on without callbacks, and new secrets put it right. */
static void callback_secrets_that_do_not_open_can_be_replaced(void)
{
    struct hy_apps apps = {.op.verb = HY_VERB_APPS, .arena = &rig.arena};
    struct hy_app_put put = {.op.verb = HY_VERB_APP_PUT};
    HY_APP_SCOPED const struct hy_app_entry *app = NULL;

    rig_open("memory:");
    CHECK_INT(rig_add_app("'callback_token':'" TOKEN "'"), 0);
    CHECK_INT(hy_store_run(rig.store, &apps.op), 0);
    put.app = apps.apps[0];
    put.app.callback = (struct hy_sealed){.bytes = (const uint8_t *)"damaged", .size = 7};
    CHECK_INT(hy_store_run(rig.store, &put.op), 0);
    rig_restart();
    app = hy_engine_app(rig.engine, RIG_APP);
    CHECK(!app->has_callback);
    CHECK_INT(rig_change_app(RIG_APP, "{'rate_per_s':9}"), 0);
    CHECK_INT(rig_change_app(RIG_APP, "{'callback_token':'another-token'}"), 0);
    check_callback("another-token", NULL);
    hy_engine_app_release(app);
    app = NULL;
    rig_close();
}

static const struct {
    const char *before, *body, *field, *rule;
} refused[] = {
    {"", "{'callback_aes_key':'" AES_KEY "'}", "callback_token", "required"},
    {"", "{'callback_mode':'safe'}", "callback_mode", "needs_key"},
    {"", "{'callback_token':'" TOKEN "','callback_mode':'safe'}", "callback_mode", "needs_key"},
    {"'callback_token':'" TOKEN "','callback_aes_key':'" AES_KEY "'", "{'callback_token':null}",
     "callback_token", "required"},
    {"'callback_token':'" TOKEN "','callback_aes_key':'" AES_KEY "','callback_mode':'safe'",
     "{'callback_aes_key':null}", "callback_mode", "needs_key"},
    {"", "{'callback_token':7}", "callback_token", "type"},
};

static void callback_secrets_that_do_not_fit_are_refused(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        rig_open("memory:");
        CHECK_INT(rig_add_app(refused[i].before), 0);
        CHECK_INT(rig_change_app(RIG_APP, refused[i].body), HY_E_INVALID);
        rig_expect(refused[i].body, refused[i].field, refused[i].rule);
        rig_close();
    }
}

/* The fault says what is wrong and not what was sent. */
static void a_bad_callback_secret_is_not_repeated(void)
{
    rig_open("memory:");
    CHECK_INT(
        rig_add_app("'callback_token':'" TOKEN "','callback_aes_key':'Too-Secret-To-Be-Told'"),
        HY_E_INVALID);
    CHECK(rig.faults.count > 0);
    for (size_t i = 0; i < rig.faults.count; i++) {
        CHECK_TEXT(rig.faults.items[i].field, "callback_aes_key");
        CHECK(!strstr(rig.faults.items[i].message, "Too-Secret"));
        CHECK(!rig.faults.items[i].actual || !strstr(rig.faults.items[i].actual, "Too-Secret"));
    }
    rig_close();
}

/* --- the bytes on disk ------------------------------------------------------------------------ */

static char folder[64], path[96];

static void set_up_on_disk(void)
{
    char location[128];

    snprintf(folder, sizeof folder, "/tmp/hy-registry-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/store", folder);
    snprintf(location, sizeof location, "sqlite:%s", path);
    rig_open(location);
    CHECK_INT(rig_add_app(""), 0);
}

/* How often `bytes` stand in the database and its log. */
static size_t on_disk(const void *bytes, size_t size)
{
    static const char *const endings[] = {"", "-wal"};
    static char content[4 << 20];
    size_t found = 0;

    for (size_t i = 0; i < 2; i++) {
        char name[128];
        size_t length;
        FILE *file;

        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        file = fopen(name, "rb");
        if (!file)
            continue;
        length = fread(content, 1, sizeof content, file);
        fclose(file);
        CHECK(length < sizeof content); /* all of it was seen */
        for (const char *at = content; length >= size;) {
            const char *hit = memmem(at, length - (size_t)(at - content), bytes, size);

            if (!hit)
                break;
            found++;
            at = hit + 1;
        }
    }
    return found;
}

static void delete_files(void)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".lock"};

    for (size_t i = 0; i < 4; i++) {
        char name[128];

        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
    CHECK_INT(rmdir(folder), 0);
}

static void note_key(struct hy_key_change *change, void *arg)
{
    CHECK_INT(change->op.result, 0);
}

static void secrets_and_keys_are_on_disk_only_sealed_and_hashed(void)
{
    struct hy_key_change change = {.done = note_key};

    set_up_on_disk();
    CHECK_INT(
        rig_change_app(RIG_APP, "{'callback_token':'" TOKEN "','callback_aes_key':'" AES_KEY "'}"),
        0);
    hy_engine_key_create(rig.engine, "shop", HY_SCOPE_SEND, &change);
    rig_run();
    CHECK_INT(on_disk(TOKEN, strlen(TOKEN)), 0);
    CHECK_INT(on_disk(AES_KEY, strlen(AES_KEY)), 0);
    CHECK(on_disk(RIG_APP, strlen(RIG_APP)) > 0); /* the search itself works */
    CHECK(on_disk("shop", 4) > 0);
    CHECK_INT(on_disk(RIG_SECRET, strlen(RIG_SECRET)), 0);
    CHECK_INT(on_disk(change.secret, strlen(change.secret)), 0);
    CHECK_INT(on_disk(change.secret + 3, strlen(change.secret) - 3), 0);
    rig_close();
    delete_files();
}

/* Not even its sealed form, in what the row left behind. */
static void a_removed_secret_leaves_the_disk(void)
{
    struct kept sealed;

    set_up_on_disk();
    sealed = keep_secret();
    CHECK(on_disk(sealed.bytes, sealed.size) > 0);
    CHECK_INT(rig_remove_app(RIG_APP), 0);
    rig_close(); /* the log goes into the file */
    CHECK(on_disk(RIG_APP, strlen(RIG_APP)) > 0);
    CHECK_INT(on_disk(sealed.bytes, sealed.size), 0);
    delete_files();
}

/* --- the master key --------------------------------------------------------------------------- */

static int64_t no_time(void)
{
    return rig_now_ms;
}

static void a_store_belongs_to_its_master_key(void)
{
    static const uint8_t key[HY_MASTER_KEY_BYTES] = "another key that tests never us";
    struct hy_engine_config config = {.now_ms = no_time};
    struct hy_engine *engine = NULL;
    struct hy_seal *other;

    set_up();
    CHECK_INT(hy_seal_from_key(key, &other), 0);
    config.store = rig.store;
    config.seal = other;
    CHECK_INT(hy_engine_new(&config, &engine), HY_E_DENIED);
    CHECK(!engine);
    hy_seal_close(other);
    rig_restart(); /* and the right one opens it still */
    CHECK_INT(secret_in_memory(1, &(struct hy_sealed){0}), 0);
    rig_close();
}

static int looks_too_early;

/* It was read an instant before another node put its key. */
static int look_too_early(struct hy_backend *backend, struct hy_op *op)
{
    return looks_too_early-- > 0 ? HY_E_NOT_FOUND
                                 : hy_backend_memory.verbs[HY_VERB_META_GET](backend, op);
}

static void of_two_first_keys_one_is_the_stores(void)
{
    static const uint8_t key[HY_MASTER_KEY_BYTES] = "another key that tests never us";
    struct hy_backend_ops ops = hy_backend_memory;
    struct hy_engine_config config = {.now_ms = no_time};
    struct hy_engine *engine = NULL;
    struct hy_seal *other;

    ops.verbs[HY_VERB_META_GET] = look_too_early;
    rig_backend = &ops;
    set_up();
    CHECK_INT(hy_seal_from_key(key, &other), 0);
    config.store = rig.store;
    config.seal = other;
    looks_too_early = 1;
    CHECK_INT(hy_engine_new(&config, &engine), HY_E_DENIED);
    CHECK(!engine);
    hy_seal_close(other);
    looks_too_early = 1;
    rig_restart();
    rig_close();
    rig_backend = NULL;
}

int main(void)
{
    RUN(a_change_keeps_the_secret);
    RUN(a_new_secret_replaces_the_old);
    RUN(a_removed_apps_secret_is_wiped);
    RUN(callback_secrets_are_kept_changed_and_removed_one_by_one);
    RUN(callback_secrets_that_do_not_open_can_be_replaced);
    RUN(callback_secrets_that_do_not_fit_are_refused);
    RUN(a_bad_callback_secret_is_not_repeated);
    RUN(secrets_and_keys_are_on_disk_only_sealed_and_hashed);
    RUN(a_removed_secret_leaves_the_disk);
    RUN(a_store_belongs_to_its_master_key);
    RUN(of_two_first_keys_one_is_the_stores);
    return hy_tap_end();
}
