#include "crypto/keyfile.h"

#include "base/err.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[] = "hongyan-master-key-1 ";

enum { MAGIC_CHARS = sizeof magic - 1, HEX_CHARS = 2 * HY_MASTER_KEY_BYTES };

_Static_assert(HY_KEYFILE_BYTES == MAGIC_CHARS + HEX_CHARS + 1, "the stated size is the format's");

static int error_of(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR: return HY_E_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS: return HY_E_DENIED;
    case EEXIST: return HY_E_EXISTS;
    case ENOSPC:
    case EDQUOT: return HY_E_FULL;
    case ENAMETOOLONG: return HY_E_INVALID;
    case ENOMEM: return HY_E_NOMEM;
    default: return HY_E_IO;
    }
}

int hy_keyfile_parse(const char *bytes, size_t size, uint8_t ret_key[HY_MASTER_KEY_BYTES])
{
    uint8_t key[HY_MASTER_KEY_BYTES];
    char again[HY_KEYFILE_BYTES + 1];
    int r = HY_E_CORRUPT;

    if (size != HY_KEYFILE_BYTES || memcmp(bytes, magic, MAGIC_CHARS) != 0)
        return HY_E_CORRUPT;
    if (sodium_hex2bin(key, sizeof key, bytes + MAGIC_CHARS, HEX_CHARS, NULL, NULL, NULL) != 0)
        goto out;

    /* Printing it again settles the rest of the format: lower case, the final newline. */
    hy_keyfile_print(key, again);
    if (!hy_secret_equal(again, bytes, HY_KEYFILE_BYTES))
        goto out;
    memcpy(ret_key, key, sizeof key);
    r = HY_OK;
out:
    hy_wipe(key, sizeof key);
    hy_wipe(again, sizeof again);
    return r;
}

void hy_keyfile_print(const uint8_t key[HY_MASTER_KEY_BYTES], char ret_line[HY_KEYFILE_BYTES + 1])
{
    memcpy(ret_line, magic, MAGIC_CHARS);
    sodium_bin2hex(ret_line + MAGIC_CHARS, HEX_CHARS + 1, key, HY_MASTER_KEY_BYTES);
    ret_line[HY_KEYFILE_BYTES - 1] = '\n';
    ret_line[HY_KEYFILE_BYTES] = '\0';
}

static int check_rights(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return error_of(errno);
    if (!S_ISREG(st.st_mode))
        return HY_E_INVALID;
    return st.st_mode & (S_IRWXG | S_IRWXO) ? HY_E_DENIED : HY_OK;
}

/* Reads up to `size` bytes, fewer only at the end of the file. */
static int read_all(int fd, char *into, size_t size, size_t *ret_count)
{
    size_t count = 0;

    while (count < size) {
        ssize_t n = read(fd, into + count, size - count);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_of(errno);
        if (n == 0)
            break;
        count += (size_t)n;
    }
    *ret_count = count;
    return HY_OK;
}

int hy_keyfile_read(const char *path, uint8_t ret_key[HY_MASTER_KEY_BYTES])
{
    char line[HY_KEYFILE_BYTES + 1]; /* one more than allowed, to see a file that is too long */
    size_t size = 0;
    int fd, r;

    /* O_NONBLOCK: a pipe under this name must not hold up the start. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return error_of(errno);
    r = check_rights(fd);
    if (r == HY_OK)
        r = read_all(fd, line, sizeof line, &size);
    if (r == HY_OK)
        r = hy_keyfile_parse(line, size, ret_key);
    hy_wipe(line, sizeof line);
    close(fd);
    return r;
}

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_of(errno);
        bytes += n;
        size -= (size_t)n;
    }
    return HY_OK;
}

static int sync_directory_of(const char *path)
{
    char copy[PATH_MAX];
    int fd, r = HY_OK;

    snprintf(copy, sizeof copy, "%s", path); /* fits: the kernel has taken longer names already */
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_of(errno);
    if (fsync(fd) != 0)
        r = error_of(errno);
    close(fd);
    return r;
}

static int write_fresh_key(int fd)
{
    uint8_t key[HY_MASTER_KEY_BYTES];
    char line[HY_KEYFILE_BYTES + 1];
    int r;

    hy_random_bytes(key, sizeof key);
    hy_keyfile_print(key, line);
    r = write_all(fd, line, HY_KEYFILE_BYTES);
    hy_wipe(key, sizeof key);
    hy_wipe(line, sizeof line);
    if (r == HY_OK && fsync(fd) != 0)
        r = error_of(errno);
    return r;
}

/*
 * The key is written under a name of its own and then linked to `path`. Creating `path` itself with
 * O_EXCL would let a second process, or ourselves after a crash, read a half-written key; rename()
 * would replace the key of another process that was faster.
 */
int hy_keyfile_create(const char *path)
{
    char draft[PATH_MAX];
    int length, fd, r;

    length = snprintf(draft, sizeof draft, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof draft)
        return HY_E_INVALID;
    fd = mkostemp(draft, O_CLOEXEC); /* O_EXCL, mode 0600 */
    if (fd < 0)
        return error_of(errno);
    r = write_fresh_key(fd);
    if (close(fd) != 0 && r == HY_OK)
        r = error_of(errno);
    if (r == HY_OK && link(draft, path) != 0)
        r = error_of(errno);
    unlink(draft);
    if (r == HY_OK)
        r = sync_directory_of(path);
    return r;
}
