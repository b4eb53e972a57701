/*
 * zone_open.c - reads a zone's file.
 *
 * The one file of this folder that touches the disk, and only to fetch rules that belong to the
 * system as its C library does: once an open, never while a rule is applied.
 */
#include "domain/tzif.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef HY_ZONEINFO_DIR
#define HY_ZONEINFO_DIR "/usr/share/zoneinfo"
#endif

/* Every zone starts with a capital; what does not (localtime, posixrules, right/, zone.tab) is the
 * directory's own business. "Factory" is the database's word for "not set". */
static bool looks_like_zone(const char *name)
{
    size_t size = name ? strlen(name) : 0;
    char before = '/';

    if (size == 0 || size >= HY_ZONE_NAME_BYTES || name[0] < 'A' || name[0] > 'Z' ||
        strcmp(name, "Factory") == 0)
        return false;
    for (const char *at = name; *at; before = *at++) {
        bool word = (*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z') ||
                    (*at >= '0' && *at <= '9') || strchr("_+-", *at) != NULL;

        if (!word && (*at != '/' || before == '/'))
            return false;
    }
    return before != '/';
}

static int open_file(const char *name, int *ret_fd)
{
    char path[sizeof HY_ZONEINFO_DIR + 1 + HY_ZONE_NAME_BYTES];
    struct stat info;
    int fd;

    snprintf(path, sizeof path, "%s/%s", HY_ZONEINFO_DIR, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOMEM)
        return HY_E_NOMEM;
    if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
        return HY_E_IO;
    if (fd < 0)
        return access(HY_ZONEINFO_DIR, F_OK) < 0 ? HY_E_NOT_FOUND : HY_E_INVALID;
    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) { /* "America" is a folder */
        close(fd);
        return HY_E_INVALID;
    }
    *ret_fd = fd;
    return 0;
}

/* Reads up to `max` bytes; the caller asks for one more than it accepts. */
static int read_all(int fd, char *into, size_t max, size_t *ret_size)
{
    size_t size = 0;

    while (size < max) {
        ssize_t got = read(fd, into + size, max - size);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return HY_E_IO;
        if (got == 0)
            break;
        size += (size_t)got;
    }
    *ret_size = size;
    return 0;
}

static int open_from_file(const char *name, struct hy_zone **ret_zone)
{
    char *bytes;
    size_t size;
    int fd, r;

    r = open_file(name, &fd);
    if (r < 0)
        return r;
    bytes = malloc(HY_ZONE_FILE_MAX_BYTES + 1);
    r = bytes ? read_all(fd, bytes, HY_ZONE_FILE_MAX_BYTES + 1, &size) : HY_E_NOMEM;
    if (r == 0)
        r = hy_zone_parse(name, bytes, size, ret_zone);
    free(bytes);
    close(fd);
    return r;
}

/* No changes, no rule, offset 0. */
static int open_utc(struct hy_zone **ret_zone)
{
    struct hy_zone *zone = calloc(1, sizeof *zone);

    if (!zone)
        return HY_E_NOMEM;
    memcpy(zone->name, "UTC", sizeof "UTC");
    *ret_zone = zone;
    return 0;
}

int hy_zone_open(const char *name, struct hy_zone **ret_zone)
{
    if (!looks_like_zone(name))
        return HY_E_INVALID;
    return strcmp(name, "UTC") == 0 ? open_utc(ret_zone) : open_from_file(name, ret_zone);
}
