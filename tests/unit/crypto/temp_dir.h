/*
 * temp_dir.h - a directory of its own for a test, removed with what is in it.
 */
#ifndef HY_TESTS_CRYPTO_TEMP_DIR_H
#define HY_TESTS_CRYPTO_TEMP_DIR_H

#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char temp_dir[256];

__attribute__((unused)) static void temp_dir_make(void)
{
    const char *parent = getenv("TMPDIR");

    snprintf(temp_dir, sizeof temp_dir, "%s/hy-test-XXXXXX", parent ? parent : "/tmp");
    CHECK(mkdtemp(temp_dir) != NULL);
}

/* `name` inside the directory; the text lives until the next call but one. */
__attribute__((unused)) static const char *temp_path(const char *name)
{
    static char paths[2][PATH_MAX];
    static int turn;

    turn = !turn;
    snprintf(paths[turn], sizeof paths[turn], "%s/%s", temp_dir, name);
    return paths[turn];
}

/* How many entries are there, after removing them when `remove_them` is true. */
__attribute__((unused)) static int temp_dir_entries(int remove_them)
{
    DIR *dir = opendir(temp_dir);
    struct dirent *entry;
    int count = 0;

    CHECK(dir != NULL);
    while ((entry = readdir(dir))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        count++;
        if (remove_them)
            remove(temp_path(entry->d_name));
    }
    closedir(dir);
    return count;
}

__attribute__((unused)) static void temp_dir_remove(void)
{
    temp_dir_entries(1);
    CHECK_INT(rmdir(temp_dir), 0);
}

__attribute__((unused)) static void temp_write(const char *name, const void *bytes, size_t size,
                                               mode_t mode)
{
    int fd = open(temp_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    CHECK(fd >= 0);
    CHECK_INT(write(fd, bytes, size), size);
    CHECK_INT(fchmod(fd, mode), 0);
    close(fd);
}

__attribute__((unused)) static size_t temp_read(const char *name, char *into, size_t size)
{
    int fd = open(temp_path(name), O_RDONLY | O_CLOEXEC);
    ssize_t n;

    CHECK(fd >= 0);
    n = read(fd, into, size);
    close(fd);
    CHECK(n >= 0);
    return (size_t)n;
}

#endif
