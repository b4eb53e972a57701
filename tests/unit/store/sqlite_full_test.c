/*
 * A file system that is really full: a small one of its own, in memory, where that may be mounted (as
 * root, or in a name space). Otherwise the cases are passed over.
 */
#include "sqlite_rig.h"

#include "store/webhooks.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

static char folder[] = "/tmp/hongyan-full-XXXXXX";
static bool mounted;
static char path[100];

static void mount_small(void)
{
    if (!mkdtemp(folder))
        return;
    if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return;
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return;
    mounted = mount("hongyan", folder, "tmpfs", 0, "size=2m") == 0;
}

static const char *in_folder(const char *name)
{
    static char paths[2][100];
    char *at = paths[name[0] == 'f'];

    snprintf(at, sizeof paths[0], "%s/%s", folder, name);
    return at;
}

/* Takes all that is free. */
static void fill_up(void)
{
    int fd = open(in_folder("filler"), O_WRONLY | O_CREAT, 0600);
    static const char zeros[4096];

    CHECK(fd >= 0);
    while (write(fd, zeros, sizeof zeros) > 0)
        continue;
    close(fd);
}

static void make_room(void)
{
    unlink(in_folder("filler"));
}

static void clean_up(void)
{
    static const char *const names[] = {"a.db", "a.db-wal", "a.db-shm", "a.db.lock", "filler"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
}

/* --- cases ------------------------------------------------------------------------------------ */

static void explains_a_full_disk_when_opened(void)
{
    struct hy_store *store = NULL;
    int r;

    fill_up();
    r = rig_try_open(in_folder("a.db"), true, &store);
    CHECK_TEXT(hy_err_text(r), hy_err_text(HY_E_FULL));
    if (!strstr(rig_explain, "free some space"))
        hy_tap_fail(__FILE__, __LINE__, "the explanation is \"%s\"", rig_explain);
    make_room();
    hy_store_close(rig_open(in_folder("a.db")));
    clean_up();
}

static void goes_on_without_a_restart(void)
{
    struct hy_store *store = rig_open(in_folder("a.db"));
    int64_t app = rig_app(store), id = 0;
    int r = 0;

    for (; r == 0 && id < 100000; id += r == 0)
        r = rig_admit(store, app, id + 1, "u", 1000);
    CHECK_TEXT(hy_err_text(r), hy_err_text(HY_E_FULL));
    CHECK(id > 10);
    fill_up();
    CHECK_INT(rig_admit(store, app, id + 1, "u", 1000), HY_E_FULL);
    CHECK_INT(rig_state(store, id), HY_MESSAGE_QUEUED);
    CHECK_INT(rig_state(store, id + 1), HY_E_NOT_FOUND);
    make_room();
    CHECK_INT(mount("hongyan", folder, "tmpfs", MS_REMOUNT, "size=8m"), 0);
    CHECK_INT(rig_admit(store, app, id + 1, "u", 1000), 0);
    for (int64_t i = 1; i <= id + 1; i++)
        CHECK_INT(rig_state(store, i), HY_MESSAGE_QUEUED);
    CHECK_INT(rig_check(store), 0);
    hy_store_close(store);
    clean_up();
}

static int put_webhook(struct hy_store *store, size_t url_bytes)
{
    struct hy_webhook_put v = {.op = {.verb = HY_VERB_WEBHOOK_PUT},
                               .webhook = {.events = 1u << HY_OUTCOME_CANCELED,
                                           .secret = {"secret", 6},
                                           .created_at_ms = 1}};
    char *url = (char *)malloc(url_bytes + 1);
    int r;

    memset(url, 'x', url_bytes);
    url[url_bytes] = 0;
    v.webhook.url = url;
    r = hy_store_run(store, &v.op);
    free(url);
    return r;
}

static size_t count_outcomes(struct hy_store *store, size_t *ret_webhooks)
{
    struct hy_webhooks v = {.op = {.verb = HY_VERB_WEBHOOKS}, .count_pending = true};
    struct hy_arena arena;
    size_t count = 0;

    hy_arena_init(&arena);
    v.arena = &arena;
    CHECK_INT(hy_store_run(store, &v.op), 0);
    for (size_t i = 0; i < v.count; i++)
        count += (size_t)v.webhooks[i].pending;
    *ret_webhooks = v.count;
    hy_arena_deinit(&arena);
    return count;
}

/* What is remembered of webhooks is that of before a transaction that failed. */
static void remembers_only_webhooks_that_are_stored(void)
{
    struct hy_store *store = rig_open(in_folder("a.db"));
    int64_t app = rig_app(store);
    struct hy_cancel cancel = {.op = {.verb = HY_VERB_CANCEL}, .message_id = 1, .now_ms = 1000};
    size_t webhooks;

    CHECK_INT(put_webhook(store, 20), 0);
    CHECK_INT(rig_admit(store, app, 1, "u", 1000), 0);
    fill_up();
    CHECK_INT(put_webhook(store, 400000), HY_E_FULL);
    make_room();
    CHECK_INT(hy_store_run(store, &cancel.op), 0);
    CHECK_INT(count_outcomes(store, &webhooks), 1);
    CHECK_INT(webhooks, 1);
    CHECK_INT(rig_check(store), 0);
    hy_store_close(store);
    clean_up();
}

int main(void)
{
    mount_small();
    if (!mounted) {
        rmdir(folder);
        printf("1..0 # SKIP no file system may be mounted\n");
        return 0;
    }
    RUN(explains_a_full_disk_when_opened);
    RUN(goes_on_without_a_restart);
    RUN(remembers_only_webhooks_that_are_stored);
    umount(folder);
    rmdir(folder);
    return hy_tap_end();
}
