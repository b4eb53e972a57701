#include "temp_dir.h"

#include "base/err.h"
#include "crypto/keyfile.h"
#include "crypto/random.h"

#include <stdint.h>

#define HEX  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define LINE "hongyan-master-key-1 " HEX "\n"

static void prints_the_stated_format(void)
{
    uint8_t key[HY_MASTER_KEY_BYTES], again[HY_MASTER_KEY_BYTES];
    char line[HY_KEYFILE_BYTES + 1];

    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    hy_keyfile_print(key, line);
    CHECK_TEXT(line, LINE);
    CHECK_INT(strlen(line), HY_KEYFILE_BYTES);
    CHECK_INT(hy_keyfile_parse(line, HY_KEYFILE_BYTES, again), 0);
    CHECK_INT(memcmp(key, again, sizeof key), 0);
}

static const char *const malformed[] = {
    "",
    "\n",
    HEX "\n",
    "hongyan-master-key-1 " HEX,
    "hongyan-master-key-1 " HEX "\r",
    "hongyan-master-key-1 " HEX " ",
    LINE "\n",
    " " LINE,
    "hongyan-master-key-2 " HEX "\n",
    "Hongyan-master-key-1 " HEX "\n",
    "hongyan-master-key-1 " HEX "00\n",
    "hongyan-master-key-1 0" HEX,
    "hongyan-master-key-1 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\n",
    "hongyan-master-key-1 000102030405060708090g0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
    "hongyan-master-key-1 00010203040506070809 a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
};

static void refuses_malformed_bytes(void)
{
    uint8_t key[HY_MASTER_KEY_BYTES] = {0};

    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        if (hy_keyfile_parse(malformed[i], strlen(malformed[i]), key) != HY_E_CORRUPT)
            hy_tap_fail(__FILE__, __LINE__, "malformed line %zu was taken", i);
    for (size_t size = 0; size < HY_KEYFILE_BYTES; size++)
        CHECK_INT(hy_keyfile_parse(LINE, size, key), HY_E_CORRUPT);
    for (size_t i = 0; i < sizeof key; i++)
        CHECK_INT(key[i], 0); /* untouched on failure */
}

static void refuses_malformed_files(void)
{
    static char large[100000];
    uint8_t key[HY_MASTER_KEY_BYTES];

    temp_dir_make();
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        temp_write("key", malformed[i], strlen(malformed[i]), 0600);
        CHECK_INT(hy_keyfile_read(temp_path("key"), key), HY_E_CORRUPT);
    }
    memcpy(large, LINE, strlen(LINE));
    temp_write("key", large, sizeof large, 0600);
    CHECK_INT(hy_keyfile_read(temp_path("key"), key), HY_E_CORRUPT);
    temp_dir_remove();
}

static void refuses_rights_of_others(void)
{
    static const mode_t bad[] = {0640, 0604, 0620, 0610, 0601, 0660, 0644, 0777};
    uint8_t key[HY_MASTER_KEY_BYTES];

    temp_dir_make();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        temp_write("key", LINE, strlen(LINE), bad[i]);
        CHECK_INT(hy_keyfile_read(temp_path("key"), key), HY_E_DENIED);
    }
    temp_write("key", LINE, strlen(LINE), 0400);
    CHECK_INT(hy_keyfile_read(temp_path("key"), key), 0);
    CHECK_INT(key[31], 0x1f);
    CHECK_INT(symlink("key", temp_path("link")), 0);
    CHECK_INT(hy_keyfile_read(temp_path("link"), key), 0);
    CHECK_INT(chmod(temp_path("key"), 0444), 0);
    CHECK_INT(hy_keyfile_read(temp_path("link"), key), HY_E_DENIED);
    temp_dir_remove();
}

static void refuses_what_is_no_file(void)
{
    uint8_t key[HY_MASTER_KEY_BYTES];

    temp_dir_make();
    CHECK_INT(hy_keyfile_read(temp_path("key"), key), HY_E_NOT_FOUND);
    CHECK_INT(hy_keyfile_read(temp_path("no/key"), key), HY_E_NOT_FOUND);
    CHECK_INT(hy_keyfile_read(temp_dir, key), HY_E_INVALID);
    CHECK_INT(mkfifo(temp_path("pipe"), 0600), 0);
    CHECK_INT(hy_keyfile_read(temp_path("pipe"), key), HY_E_INVALID);
    temp_dir_remove();
}

static void creates_for_the_owner_alone(void)
{
    uint8_t key[HY_MASTER_KEY_BYTES];
    mode_t before = umask(0);
    struct stat st;
    int r;

    temp_dir_make();
    r = hy_keyfile_create(temp_path("key"));
    umask(before);
    CHECK_INT(r, 0);
    CHECK_INT(stat(temp_path("key"), &st), 0);
    CHECK_INT(st.st_mode & 07777, 0600);
    CHECK_INT(st.st_size, HY_KEYFILE_BYTES);
    CHECK_INT(st.st_nlink, 1);
    CHECK_INT(temp_dir_entries(0), 1); /* no draft is left behind */
    CHECK_INT(hy_keyfile_read(temp_path("key"), key), 0);
    temp_dir_remove();
}

static void never_replaces_a_file(void)
{
    char kept[64];

    temp_dir_make();
    temp_write("key", "not a key", 9, 0600);
    CHECK_INT(hy_keyfile_create(temp_path("key")), HY_E_EXISTS);
    CHECK_INT(temp_read("key", kept, sizeof kept), 9);
    CHECK_INT(memcmp(kept, "not a key", 9), 0);
    CHECK_INT(temp_dir_entries(0), 1);
    CHECK_INT(symlink("nowhere", temp_path("dangling")), 0);
    CHECK_INT(hy_keyfile_create(temp_path("dangling")), HY_E_EXISTS);
    temp_dir_remove();
}

static void says_why_it_cannot_create(void)
{
    char long_path[PATH_MAX + 100];

    temp_dir_make();
    CHECK_INT(hy_keyfile_create(temp_path("no/key")), HY_E_NOT_FOUND);
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    CHECK_INT(hy_keyfile_create(long_path), HY_E_INVALID);
    temp_dir_remove();
}

static void creates_in_the_working_directory(void)
{
    uint8_t key[HY_MASTER_KEY_BYTES];
    int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

    CHECK(home >= 0);
    temp_dir_make();
    CHECK_INT(chdir(temp_dir), 0);
    r = hy_keyfile_create("key");
    CHECK_INT(fchdir(home), 0);
    close(home);
    CHECK_INT(r, 0);
    CHECK_INT(hy_keyfile_read(temp_path("key"), key), 0);
    temp_dir_remove();
}

int main(void)
{
    if (hy_crypto_init() != 0)
        return 1;
    RUN(prints_the_stated_format);
    RUN(refuses_malformed_bytes);
    RUN(refuses_malformed_files);
    RUN(refuses_rights_of_others);
    RUN(refuses_what_is_no_file);
    RUN(creates_for_the_owner_alone);
    RUN(never_replaces_a_file);
    RUN(says_why_it_cannot_create);
    RUN(creates_in_the_working_directory);
    return hy_tap_end();
}
