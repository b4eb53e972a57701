#include "cli/csv_columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void hy_csv_columns_deinit(struct hy_csv_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++)
        free(columns->names[i]);
    *columns = (struct hy_csv_columns){0};
}

char *hy_csv_trimmed(const char *text)
{
    size_t size;

    text += strspn(text, " \t");
    size = strlen(text);
    while (size > 0 && strchr(" \t", text[size - 1]))
        size--;
    return strndup(text, size);
}

/* A column without a name must stay empty: some spreadsheets end every line with a comma. */
static bool add(struct hy_csv_columns *columns, const char *cell, char *fault)
{
    char *name = hy_csv_trimmed(cell);

    if (!name || columns->count == HY_CSV_CELLS_MAX) {
        snprintf(fault, HY_CSV_FAULT_BYTES, name ? "There are too many columns" : "out of memory");
        free(name);
        return false;
    }
    for (size_t k = 1; k < columns->count && *name; k++)
        if (strcmp(columns->names[k], name) == 0) {
            snprintf(fault, HY_CSV_FAULT_BYTES, "The column %.64s is there twice", name);
            free(name);
            return false;
        }
    columns->names[columns->count++] = name;
    return true;
}

bool hy_csv_columns_tell(struct hy_csv_columns *columns, const char *text,
                         char fault[HY_CSV_FAULT_BYTES])
{
    char *copy = strdup(text), *rest = copy, *cell;
    bool good = copy != NULL;

    if (!good)
        snprintf(fault, HY_CSV_FAULT_BYTES, "out of memory");
    while (good && (cell = strsep(&rest, ",")))
        good = add(columns, cell, fault);
    free(copy);
    columns->told = good;
    return good;
}

static bool is_user(const char *cell)
{
    static const char *const words[] = {"openid", "open_id", "user", "touser", NULL};
    char *word = hy_csv_trimmed(cell);
    bool found = false;

    for (int i = 0; word && words[i]; i++)
        found = found || strcasecmp(word, words[i]) == 0;
    free(word);
    return found;
}

static bool is_blank(const struct hy_csv *csv)
{
    return csv->count == 1 && csv->cells[0][strspn(csv->cells[0], " \t")] == 0;
}

static enum hy_csv_line take_first(struct hy_csv_columns *columns, const struct hy_csv *csv,
                                   char *fault)
{
    bool names = is_user(csv->cells[0]);

    if (columns->told)
        return names ? HY_CSV_LINE_NONE : HY_CSV_LINE_USER;
    if (!names && csv->count > 1) {
        snprintf(fault, HY_CSV_FAULT_BYTES,
                 "There are %zu columns: name them in the first line, as in openid,thing1,date2, "
                 "or by --columns",
                 csv->count);
        return HY_CSV_LINE_FAULT;
    }
    for (size_t i = 0; i < csv->count; i++)
        if (!add(columns, names ? csv->cells[i] : "openid", fault))
            return HY_CSV_LINE_FAULT;
    return names ? HY_CSV_LINE_NONE : HY_CSV_LINE_USER;
}

enum hy_csv_line hy_csv_columns_look(struct hy_csv_columns *columns, const struct hy_csv *csv,
                                     char fault[HY_CSV_FAULT_BYTES])
{
    if (is_blank(csv))
        return HY_CSV_LINE_NONE;
    if (columns->begun)
        return HY_CSV_LINE_USER;
    columns->begun = true;
    return take_first(columns, csv, fault);
}

const char *hy_csv_columns_name(const struct hy_csv_columns *columns, size_t index)
{
    return index < columns->count ? columns->names[index] : "";
}

const char *hy_csv_columns_kind(const char *name)
{
    static const char *const words[][2] = {{"formid", "form_id"},
                                           {"form_id", "form_id"},
                                           {"prepayid", "prepay_id"},
                                           {"prepay_id", "prepay_id"},
                                           {NULL, NULL}};

    for (int i = 0; words[i][0]; i++)
        if (strcasecmp(name, words[i][0]) == 0)
            return words[i][1];
    return NULL;
}
