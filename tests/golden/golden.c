#include "golden.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 200, NAME_BYTES = 80, PATH_BYTES = 600 };

static const char *folder;
static char compared[NAMES_MAX][NAME_BYTES];
static size_t compared_count;
static char answer[1024];

void golden_use(const char *path)
{
    folder = path;
}

static void remember(const char *name)
{
    if (compared_count == NAMES_MAX)
        abort(); /* make room: NAMES_MAX */
    snprintf(compared[compared_count++], NAME_BYTES, "%s.golden", name);
}

static bool read_file(const char *path, struct hy_buf *ret_text)
{
    char piece[4096];
    size_t count;
    FILE *file = fopen(path, "rb");

    if (!file)
        return false;
    while ((count = fread(piece, 1, sizeof piece, file)) > 0)
        hy_buf_append(ret_text, piece, count);
    fclose(file);
    return hy_buf_ok(ret_text);
}

static const char *write_file(const char *path, const struct hy_buf *text)
{
    FILE *file = fopen(path, "wb");
    bool whole = file && fwrite(hy_buf_text(text), 1, text->size, file) == text->size;

    if (file && fclose(file) == 0 && whole)
        return NULL;
    snprintf(answer, sizeof answer, "%s cannot be written", path);
    return answer;
}

/* The first line in which two texts differ, with both readings. */
static const char *tell(const char *name, const char *is, const char *was)
{
    int line = 1;
    size_t start = 0, i = 0;

    for (; is[i] && is[i] == was[i]; i++) {
        if (is[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    snprintf(answer, sizeof answer, "%s.golden:%d: is \"%.*s\", was \"%.*s\"", name, line,
             (int)strcspn(is + start, "\n"), is + start, (int)strcspn(was + start, "\n"),
             was + start);
    return answer;
}

const char *golden_differs(const char *name, const struct hy_buf *text)
{
    const char *update = getenv("HY_UPDATE_GOLDEN");
    char path[PATH_BYTES];
    const char *found = NULL;
    struct hy_buf was;

    remember(name);
    snprintf(path, sizeof path, "%s/%s.golden", folder, name);
    if (update && strcmp(update, "1") == 0)
        return write_file(path, text);
    hy_buf_init(&was, 1024 * 1024);
    if (!read_file(path, &was)) {
        snprintf(answer, sizeof answer, "%s cannot be read", path);
        found = answer;
    } else if (was.size != text->size || memcmp(hy_buf_text(&was), hy_buf_text(text), was.size)) {
        found = tell(name, hy_buf_text(text), hy_buf_text(&was));
    }
    hy_buf_deinit(&was);
    return found;
}

static bool was_compared(const char *file_name)
{
    for (size_t i = 0; i < compared_count; i++) {
        if (strcmp(compared[i], file_name) == 0)
            return true;
    }
    return false;
}

const char *golden_left_over(void)
{
    struct dirent *entry;
    DIR *dir = opendir(folder);

    answer[0] = 0;
    if (!dir)
        return folder;
    while ((entry = readdir(dir))) {
        if (strstr(entry->d_name, ".golden") && !was_compared(entry->d_name))
            snprintf(answer, sizeof answer, "%s", entry->d_name);
    }
    closedir(dir);
    return answer[0] ? answer : NULL;
}
