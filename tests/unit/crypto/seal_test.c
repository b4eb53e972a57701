#include "temp_dir.h"

#include "base/arena.h"
#include "base/err.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/seal.h"

#include <stdint.h>
#include <sys/wait.h>

static struct hy_arena arena;
static struct hy_seal *seal, *other;

static void set_up(void)
{
    uint8_t key[HY_MASTER_KEY_BYTES] = {1};

    hy_arena_init(&arena);
    CHECK_INT(hy_seal_from_key(key, &seal), 0);
    key[31] ^= 0x80;
    CHECK_INT(hy_seal_from_key(key, &other), 0);
}

static void tear_down(void)
{
    hy_seal_close(seal);
    hy_seal_close(other);
    hy_arena_deinit(&arena);
}

static void opens_what_it_locked(void)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 32, 1000, HY_SEAL_PLAIN_MAX};
    static uint8_t plain[HY_SEAL_PLAIN_MAX];
    uint8_t *sealed;
    size_t sealed_size, size;
    char *opened;

    set_up();
    hy_random_bytes(plain, sizeof plain);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        CHECK_INT(
            hy_seal_lock(seal, "app:3:secret", plain, sizes[i], &arena, &sealed, &sealed_size), 0);
        CHECK_INT(sealed_size, sizes[i] + HY_SEAL_OVERHEAD_BYTES);
        CHECK_INT(hy_seal_unlock(seal, "app:3:secret", sealed, sealed_size, &arena, &opened, &size),
                  0);
        CHECK_INT(size, sizes[i]);
        CHECK_INT(memcmp(opened, plain, size), 0);
        CHECK_INT(opened[size], 0);
    }
    tear_down();
}

static void hides_the_plain_text(void)
{
    static const char plain[] = "00000000000000000000000000000001";
    uint8_t *first, *second;
    size_t size;

    set_up();
    CHECK_INT(hy_seal_lock(seal, "c", plain, 32, &arena, &first, &size), 0);
    CHECK_INT(hy_seal_lock(seal, "c", plain, 32, &arena, &second, &size), 0);
    CHECK_INT(first[0], 1);
    CHECK(memmem(first, size, plain, 8) == NULL);
    CHECK(memcmp(first, second, size) != 0); /* equal secrets do not show as equal */
    CHECK(memcmp(first + 1, second + 1, 24) != 0);
    tear_down();
}

static void stays_where_it_was_put(void)
{
    static const char *const contexts[] = {"app:4:secret", "app:3:aes_key", "app:3:secre",
                                           "app:3:secret ", ""};
    uint8_t *sealed;
    size_t sealed_size, size;
    char *opened = NULL;

    set_up();
    CHECK_INT(hy_seal_lock(seal, "app:3:secret", "s", 1, &arena, &sealed, &sealed_size), 0);
    for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++)
        CHECK_INT(hy_seal_unlock(seal, contexts[i], sealed, sealed_size, &arena, &opened, &size),
                  HY_E_DENIED);
    CHECK(opened == NULL);
    tear_down();
}

static void refuses_another_key(void)
{
    uint8_t *sealed;
    size_t sealed_size, size;
    char *opened;

    set_up();
    CHECK_INT(hy_seal_lock(seal, "c", "secret", 6, &arena, &sealed, &sealed_size), 0);
    CHECK_INT(hy_seal_unlock(other, "c", sealed, sealed_size, &arena, &opened, &size), HY_E_DENIED);
    tear_down();
}

static void refuses_every_flipped_bit(void)
{
    uint8_t *sealed;
    size_t sealed_size, size;
    char *opened;

    set_up();
    CHECK_INT(hy_seal_lock(seal, "c", "secret", 6, &arena, &sealed, &sealed_size), 0);
    for (size_t i = 0; i < 8 * sealed_size; i++) {
        sealed[i / 8] ^= (uint8_t)(1 << i % 8);
        CHECK_INT(hy_seal_unlock(seal, "c", sealed, sealed_size, &arena, &opened, &size),
                  i < 8 ? HY_E_CORRUPT : HY_E_DENIED);
        sealed[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    CHECK_INT(hy_seal_unlock(seal, "c", sealed, sealed_size, &arena, &opened, &size), 0);
    tear_down();
}

static void refuses_every_other_length(void)
{
    uint8_t *sealed, copy[64] = {0};
    size_t sealed_size, size;
    char *opened;

    set_up();
    CHECK_INT(hy_seal_lock(seal, "c", "secret", 6, &arena, &sealed, &sealed_size), 0);
    memcpy(copy, sealed, sealed_size);
    for (size_t n = 0; n < sizeof copy; n++) {
        int expected = n < HY_SEAL_OVERHEAD_BYTES ? HY_E_CORRUPT : HY_E_DENIED;
        if (n == sealed_size)
            continue;
        CHECK_INT(hy_seal_unlock(seal, "c", copy, n, &arena, &opened, &size), expected);
    }
    CHECK_INT(hy_seal_unlock(seal, "c", NULL, 0, &arena, &opened, &size), HY_E_CORRUPT);
    tear_down();
}

static void keeps_to_its_maximum(void)
{
    static uint8_t large[HY_SEAL_PLAIN_MAX + HY_SEAL_OVERHEAD_BYTES + 1] = {1};
    uint8_t *sealed;
    size_t size;
    char *opened;

    set_up();
    CHECK_INT(hy_seal_lock(seal, "c", large, HY_SEAL_PLAIN_MAX + 1, &arena, &sealed, &size),
              HY_E_LIMIT);
    CHECK_INT(hy_seal_unlock(seal, "c", large, sizeof large, &arena, &opened, &size), HY_E_CORRUPT);
    tear_down();
}

/* A value that a release wrote once has to open for ever. */
static void opens_a_value_of_version_1(void)
{
    static const uint8_t sealed[] = {
        0x01, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a,
        0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56,
        0x57, 0x06, 0x97, 0x72, 0xdc, 0xc4, 0x03, 0xb2, 0xbd, 0x6f, 0x75, 0x48,
        0x96, 0xf3, 0xcc, 0x0e, 0xf6, 0x07, 0x5d, 0xf5, 0x49, 0xa0, 0x1a, 0xdb,
    };
    size_t size;
    char *opened;

    set_up();
    CHECK_INT(hy_seal_unlock(seal, "app:1:secret", sealed, sizeof sealed, &arena, &opened, &size),
              0);
    CHECK_TEXT(opened, "hongyan");
    tear_down();
}

static void fingerprint_follows_the_key(void)
{
    char first[HY_SEAL_FINGERPRINT_CHARS + 1], second[HY_SEAL_FINGERPRINT_CHARS + 1];

    set_up();
    hy_seal_fingerprint(seal, first);
    CHECK_TEXT(first, "3d07cf897dd7d740");
    hy_seal_fingerprint(other, second);
    CHECK_INT(strlen(second), HY_SEAL_FINGERPRINT_CHARS);
    CHECK(strcmp(first, second) != 0);
    tear_down();
}

static void hash_follows_key_purpose_and_bytes(void)
{
    uint8_t hashes[5][HY_SEAL_HASH_BYTES], again[HY_SEAL_HASH_BYTES];

    set_up();
    hy_seal_hash(seal, "apikey", "text", 4, hashes[0]);
    hy_seal_hash(other, "apikey", "text", 4, hashes[1]);
    hy_seal_hash(seal, "session", "text", 4, hashes[2]);
    hy_seal_hash(seal, "apikey", "Text", 4, hashes[3]);
    hy_seal_hash(seal, "apikeyt", "ext", 3, hashes[4]);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < i; k++)
            CHECK(memcmp(hashes[i], hashes[k], sizeof again) != 0);
    hy_seal_hash(seal, "apikey", "text", 4, again);
    CHECK_INT(memcmp(hashes[0], again, sizeof again), 0);
    tear_down();
}

static void fingerprint_of_file(const char *path, int create, char *ret_text)
{
    struct hy_seal *opened;

    CHECK_INT(hy_seal_open_file(path, create, &opened), 0);
    hy_seal_fingerprint(opened, ret_text);
    hy_seal_close(opened);
}

static void keeps_an_existing_file(void)
{
    char first[HY_SEAL_FINGERPRINT_CHARS + 1], second[sizeof first], before[100], after[100];
    struct hy_seal *none = NULL;
    size_t size;

    temp_dir_make();
    CHECK_INT(hy_seal_open_file(temp_path("key"), false, &none), HY_E_NOT_FOUND);
    CHECK_INT(temp_dir_entries(0), 0);
    fingerprint_of_file(temp_path("key"), true, first);
    size = temp_read("key", before, sizeof before);
    fingerprint_of_file(temp_path("key"), true, second);
    CHECK_TEXT(second, first);
    fingerprint_of_file(temp_path("key"), false, second);
    CHECK_TEXT(second, first);
    CHECK_INT(temp_read("key", after, sizeof after), size);
    CHECK_INT(memcmp(before, after, size), 0);
    temp_dir_remove();
}

static void leaves_a_bad_file_alone(void)
{
    struct hy_seal *none = NULL;
    char kept[16];

    temp_dir_make();
    temp_write("key", "", 0, 0600);
    CHECK_INT(hy_seal_open_file(temp_path("key"), true, &none), HY_E_CORRUPT);
    temp_write("key", "mine", 4, 0644);
    CHECK_INT(hy_seal_open_file(temp_path("key"), true, &none), HY_E_DENIED);
    CHECK_INT(temp_read("key", kept, sizeof kept), 4);
    CHECK_INT(hy_seal_open_file(temp_path("no/key"), true, &none), HY_E_NOT_FOUND);
    CHECK(none == NULL);
    temp_dir_remove();
}

/* A child: waits until the gate opens (end of file), opens the file, writes the fingerprint. */
static void race(int gate, int result, const char *path)
{
    char text[HY_SEAL_FINGERPRINT_CHARS + 1] = "failed";
    struct hy_seal *mine;
    char byte;

    if (read(gate, &byte, 1) == 0 && hy_seal_open_file(path, true, &mine) == 0) {
        hy_seal_fingerprint(mine, text);
        hy_seal_close(mine);
    }
    _exit(write(result, text, sizeof text) != sizeof text);
}

static void run_race(const char *path, int processes)
{
    char winner[HY_SEAL_FINGERPRINT_CHARS + 1], text[sizeof winner];
    int gate[2], result[2], status;
    pid_t children[16];

    CHECK(pipe(gate) == 0 && pipe(result) == 0);
    for (int i = 0; i < processes; i++) {
        children[i] = fork();
        CHECK(children[i] >= 0);
        if (children[i] == 0) {
            close(gate[1]);
            race(gate[0], result[1], path);
        }
    }
    close(gate[0]);
    close(gate[1]);
    close(result[1]);
    for (int i = 0; i < processes; i++)
        CHECK(waitpid(children[i], &status, 0) == children[i] && status == 0);
    fingerprint_of_file(path, false, winner);
    for (int i = 0; i < processes; i++) {
        CHECK_INT(read(result[0], text, sizeof text), sizeof text);
        CHECK_TEXT(text, winner);
    }
    close(result[0]);
}

static void many_processes_end_with_one_key(void)
{
    for (int round = 0; round < 20; round++) {
        temp_dir_make();
        run_race(temp_path("key"), 8);
        CHECK_INT(temp_dir_entries(0), 1);
        temp_dir_remove();
    }
}

static void closing_nothing_is_fine(void)
{
    hy_seal_close(NULL);
}

int main(void)
{
    RUN(opens_what_it_locked);
    RUN(hides_the_plain_text);
    RUN(stays_where_it_was_put);
    RUN(refuses_another_key);
    RUN(refuses_every_flipped_bit);
    RUN(refuses_every_other_length);
    RUN(keeps_to_its_maximum);
    RUN(opens_a_value_of_version_1);
    RUN(fingerprint_follows_the_key);
    RUN(hash_follows_key_purpose_and_bytes);
    RUN(keeps_an_existing_file);
    RUN(leaves_a_bad_file_alone);
    RUN(many_processes_end_with_one_key);
    RUN(closing_nothing_is_fine);
    return hy_tap_end();
}
