#include "platform/wechat_mini.h"

#include "platform/text.h"

#include <string.h>

enum { CREDENTIAL_BYTES_MAX = 128, FOLDED_BYTES = 160 };

/*
 * What clients hand in when there is no credential, folded (see fold()) so that other spellings of
 * the same are caught: the developer tools' value, the two phrases of the base library, and what a
 * careless page makes of a missing value. The first row that fits decides.
 */
static const struct {
    const char *folded;
    bool as_prefix;
    const char *why;
} fakes[] = {
    {"theformidisamock", true, "mock_form_id"},
    {"theformidisnolongeravailable", true, "unavailable_in_trial"},
    {"requestformidfail", true, "request_failed"},
    {"undefined", false, "empty"},
    {"null", false, "empty"},
    {"nan", false, "empty"},
    {"objectobject", false, "malformed"},
};

/* The letters and digits of `text` in lower case; %XX and + count as blanks, so a value that was
 * encoded once too often folds to the same. */
static void fold(const char *text, char into[FOLDED_BYTES])
{
    size_t used = 0;

    for (; *text && used + 1 < FOLDED_BYTES; text++) {
        char c = *text;

        if (c == '%' && text[1] && text[2]) {
            text += 2;
            continue;
        }
        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 32);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            into[used++] = c;
    }
    into[used] = 0;
}

static const char *find_fake(const char *credential)
{
    char folded[FOLDED_BYTES];

    fold(credential, folded);
    if (!folded[0])
        return "empty";
    for (size_t i = 0; i < sizeof fakes / sizeof *fakes; i++) {
        size_t length = strlen(fakes[i].folded);

        if (strncmp(folded, fakes[i].folded, length) == 0 &&
            (fakes[i].as_prefix || !folded[length]))
            return fakes[i].why;
    }
    return NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Without blanks around it and without "prepay_id=", the way payments hand it to the page. */
static const char *strip(const char *credential, struct hy_arena *arena)
{
    static const char decoration[] = "prepay_id=";
    const char *end;

    for (;;) {
        if (is_blank(*credential))
            credential++;
        else if (strncmp(credential, decoration, sizeof decoration - 1) == 0)
            credential += sizeof decoration - 1;
        else
            break;
    }
    end = credential + strlen(credential);
    while (end > credential && is_blank(end[-1]))
        end--;
    return hy_arena_memdup(arena, credential, (size_t)(end - credential));
}

const char *hy_wechat_mini_check_credential(enum hy_grant_kind kind, const char *credential,
                                            struct hy_arena *arena, const char **ret_clean)
{
    const char *clean, *why;
    size_t length;

    if (!hy_grant_is_receipt(kind)) {
        *ret_clean = NULL;
        return NULL;
    }
    clean = credential ? strip(credential, arena) : "";
    if (!clean)
        return "malformed"; /* out of memory: refused, and the client tells it again */
    why = find_fake(clean);
    if (why)
        return why;
    length = strlen(clean);
    if (length > CREDENTIAL_BYTES_MAX)
        return "malformed";
    for (size_t i = 0; i < length; i++) {
        if (clean[i] <= ' ' || clean[i] > '~')
            return "malformed";
    }
    *ret_clean = clean;
    return NULL;
}
