/*
 * A copy beside a store that is in use: what was committed before it began is in it, it is whole, and
 * nothing is ever written over.
 */
#include "sqlite_rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

static char explain[400];

static int backup(const char *from, const char *to)
{
    char location[600];

    explain[0] = 0;
    snprintf(location, sizeof location, "sqlite:%s", from);
    return hy_store_backup(location, to, explain, sizeof explain);
}

static void refused(const char *from, const char *to, int expected, const char *words)
{
    CHECK_TEXT(hy_err_text(backup(from, to)), hy_err_text(expected));
    if (!strstr(explain, words))
        hy_tap_fail(__FILE__, __LINE__, "the explanation is \"%s\"", explain);
}

/* --- while it is written to ------------------------------------------------------------------- */

struct writer {
    struct hy_store *store;
    int64_t app;
    atomic_int_fast64_t last; /* id that was told as admitted */
    atomic_bool stop;
};

static void *keep_writing(void *arg)
{
    struct writer *w = (struct writer *)arg;
    char user[32];

    while (!atomic_load(&w->stop)) {
        int64_t id = atomic_load(&w->last) + 1;

        snprintf(user, sizeof user, "u%lld", (long long)id);
        if (rig_admit(w->store, w->app, id, user, 1000) != 0)
            return w;
        atomic_store(&w->last, id);
    }
    return NULL;
}

static void wait_for(struct writer *w, int64_t id)
{
    while (atomic_load(&w->last) < id)
        usleep(1000);
}

static void look_at_copy(const char *path, int64_t last)
{
    struct hy_store *copy = rig_open(path);
    struct stat st;

    if (rig_check(copy) > 0)
        hy_tap_fail(__FILE__, __LINE__, "%s", rig_explain);
    for (int64_t id = 1; id <= last; id++)
        CHECK_INT(rig_state(copy, id), HY_MESSAGE_QUEUED);
    hy_store_close(copy);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0600);
}

static void has_what_was_committed_before(void)
{
    struct writer w = {0};
    pthread_t thread;
    int64_t before;
    void *failed;
    int r;

    rig_begin();
    CHECK_INT(rig_try_open(rig_path("a.db"), false, &w.store), 0);
    w.app = rig_app(w.store);
    CHECK_INT(pthread_create(&thread, NULL, keep_writing, &w), 0);
    wait_for(&w, 200);
    before = atomic_load(&w.last);
    r = backup(rig_path("a.db"), rig_path("b.db"));
    wait_for(&w, before + 20); /* it goes on */
    atomic_store(&w.stop, true);
    pthread_join(thread, &failed);
    CHECK(!failed);
    hy_store_close(w.store);
    if (r < 0)
        hy_tap_fail(__FILE__, __LINE__, "%s", explain);
    look_at_copy(rig_path("b.db"), before);
    rig_end();
}

static void needs_no_server(void)
{
    struct hy_store *store;

    rig_begin();
    store = rig_open(rig_path("a.db"));
    CHECK_INT(rig_admit(store, rig_app(store), 5, "u", 1000), 0);
    hy_store_close(store);
    CHECK_INT(backup(rig_path("a.db"), rig_path("b.db")), 0);
    store = rig_open(rig_path("b.db"));
    CHECK_INT(rig_state(store, 5), HY_MESSAGE_QUEUED);
    CHECK_INT(rig_check(store), 0);
    hy_store_close(store);
    hy_store_close(rig_open(rig_path("a.db")));
    rig_end();
}

/* --- refusals --------------------------------------------------------------------------------- */

static void writes_over_nothing(void)
{
    struct stat st;

    rig_begin();
    hy_store_close(rig_open(rig_path("a.db")));
    fclose(fopen(rig_path("b.db"), "w"));
    refused(rig_path("a.db"), rig_path("b.db"), HY_E_EXISTS, "a name that is free");
    refused(rig_path("a.db"), rig_path("a.db"), HY_E_EXISTS, "a name that is free");
    CHECK_INT(stat(rig_path("b.db"), &st), 0);
    CHECK_INT(st.st_size, 0);
    rig_end();
}

static void explains_what_cannot_be_copied(void)
{
    char gone[600];

    rig_begin();
    refused(rig_path("a.db"), rig_path("b.db"), HY_E_NOT_FOUND, "a.db");
    fclose(fopen(rig_path("a.db"), "w"));
    refused(rig_path("a.db"), rig_path("b.db"), HY_E_CORRUPT, "empty");
    rig_sql(rig_path("c.db"), "CREATE TABLE theirs (x)");
    refused(rig_path("c.db"), rig_path("b.db"), HY_E_CORRUPT, "another program");
    hy_store_close(rig_open(rig_path("d.db")));
    snprintf(gone, sizeof gone, "%s-gone/b.db", rig_path("b.db"));
    refused(rig_path("d.db"), gone, HY_E_NOT_FOUND, "b.db-gone");
    CHECK_INT(hy_store_backup("memory:", rig_path("b.db"), explain, sizeof explain), HY_E_INVALID);
    CHECK_INT(hy_store_backup("postgres:x", rig_path("b.db"), NULL, 0), HY_E_INVALID);
    CHECK(access(rig_path("b.db"), F_OK) < 0);
    rig_end();
}

/* A damaged page stops it, and leaves nothing behind. */
static void leaves_nothing_of_a_store_that_is_damaged(void)
{
    struct hy_store *store;
    int64_t app, page;
    FILE *file;

    rig_begin();
    store = rig_open(rig_path("a.db"));
    app = rig_app(store);
    for (int i = 1; i <= 500; i++)
        CHECK_INT(rig_admit(store, app, i, "u", 1000), 0);
    hy_store_close(store);
    page = rig_sql_int(rig_path("a.db"), "SELECT pageno FROM dbstat WHERE name = 'message' AND "
                                         "pagetype = 'leaf' ORDER BY path LIMIT 1");
    file = fopen(rig_path("a.db"), "r+");
    fseek(file, (long)(page - 1) * 4096, SEEK_SET);
    for (int i = 0; i < 4096; i++)
        fputc(0xa5, file);
    fclose(file);
    refused(rig_path("a.db"), rig_path("b.db"), HY_E_CORRUPT, "hongyan check");
    CHECK(access(rig_path("b.db"), F_OK) < 0);
    rig_end();
}

int main(void)
{
    RUN(has_what_was_committed_before);
    RUN(needs_no_server);
    RUN(writes_over_nothing);
    RUN(explains_what_cannot_be_copied);
    RUN(leaves_nothing_of_a_store_that_is_damaged);
    return hy_tap_end();
}
