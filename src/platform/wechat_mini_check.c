#include "platform/wechat_mini.h"

#include "crypto/envelope.h"
#include "crypto/secret.h"
#include "platform/text.h"
#include "platform/wechat_fault.h"

#include <stdio.h>
#include <string.h>

/* The shapes are those seen everywhere, the users' a little wider, so that a longer kind is not
 * refused by us. */
enum {
    APP_ID_CHARS = 18,
    SECRET_CHARS = 32,
    USER_CHARS_MIN = 20,
    USER_CHARS_MAX = 40,
    CALLBACK_TOKEN_CHARS_MIN = 3,
    CALLBACK_TOKEN_CHARS_MAX = 64,
};

/* --- apps and users --------------------------------------------------------------------------- */

void hy_wechat_mini_check_app(const char *id, const char *secret, struct hy_violations *v)
{
    if (!id)
        hy_wechat_fault_required(v, "id");
    else if (hy_wechat_has_length(id, APP_ID_CHARS, APP_ID_CHARS, "id", v) &&
             (strncmp(id, "wx", 2) != 0 || strspn(id + 2, "0123456789abcdef") != APP_ID_CHARS - 2))
        hy_wechat_fault_format(v, "id", "wx and 16 digits of 0-9 a-f, the AppID of a mini program");

    if (secret && hy_wechat_has_length(secret, SECRET_CHARS, SECRET_CHARS, "secret", v) &&
        strspn(secret, "0123456789abcdefABCDEF") != SECRET_CHARS)
        hy_wechat_fault_format(v, "secret",
                               "32 digits of 0-9 a-f, the AppSecret of the mini program");
}

bool hy_wechat_mini_is_user(const char *user)
{
    size_t chars = user ? strlen(user) : 0;

    return chars >= USER_CHARS_MIN && chars <= USER_CHARS_MAX && user[0] == 'o' &&
           hy_text_is_word(user, "-_");
}

void hy_wechat_mini_check_user(const char *user, const char *field, struct hy_violations *v)
{
    if (!user)
        hy_wechat_fault_required(v, field);
    else if (hy_wechat_has_length(user, USER_CHARS_MIN, USER_CHARS_MAX, field, v) &&
             !hy_wechat_mini_is_user(user))
        hy_wechat_fault_format(v, field, "an openid: the letter o, then letters, digits, - and _");
}

/* --- callbacks -------------------------------------------------------------------------------- */

static bool is_visible(const char *text)
{
    for (; *text; text++) {
        if (*text <= ' ' || *text > '~')
            return false;
    }
    return true;
}

/* The console takes letters and digits; other visible characters do no harm. */
static void check_callback_token(const char *token, struct hy_violations *v)
{
    static const char field[] = "callback_token";

    if (hy_wechat_has_length(token, CALLBACK_TOKEN_CHARS_MIN, CALLBACK_TOKEN_CHARS_MAX, field, v) &&
        !is_visible(token))
        hy_wechat_fault_format(v, field, "ASCII without blanks, the Token of the console");
}

static void check_callback_key(const char *text, struct hy_violations *v)
{
    static const char field[] = "callback_aes_key";
    uint8_t key[HY_ENVELOPE_KEY_BYTES];

    if (!hy_wechat_has_length(text, HY_ENVELOPE_KEY_CHARS, HY_ENVELOPE_KEY_CHARS, field, v))
        return;
    if (hy_envelope_key_parse(text, key) != 0)
        hy_wechat_fault_format(v, field,
                               "43 letters and digits, the EncodingAESKey of the console");
    hy_wipe(key, sizeof key);
}

void hy_wechat_mini_check_callback(const char *token, const char *aes_key, struct hy_violations *v)
{
    if (token)
        check_callback_token(token, v);
    if (aes_key)
        check_callback_key(aes_key, v);
}
