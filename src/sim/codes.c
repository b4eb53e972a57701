#include "sim/codes.h"

#include <stddef.h>

struct words {
    int code;
    const char *text;
};

/* Where the wording of a code is not public, ours says what it means. */
static const struct words all_words[] = {
    {-1, "system error"},
    {0, "ok"},
    {404, "404 not found"},
    {20001, "system error"},
    {20002, "invalid argument"},
    {40001, "invalid credential, access_token is invalid or not latest, could get access_token by "
            "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"},
    {40002, "invalid grant_type"},
    {40003, "invalid openid"},
    {40013, "invalid appid"},
    {40014, "invalid access_token"},
    {40029, "invalid code"},
    {40037, "invalid template_id"},
    {40066, "invalid url"},
    {40125, "invalid appsecret"},
    {40163, "code been used"},
    {40165, "invalid weapp pagepath"},
    {40226, "code blocked"},
    {40243, "appsecret is frozen"},
    {40400, "invalid http request"},
    {41001, "access_token missing"},
    {41002, "appid missing"},
    {41004, "appsecret missing"},
    {41008, "missing code"},
    {41028, "invalid form id"},
    {41029, "form id used"},
    {41030, "invalid page"},
    {42001, "access_token expired"},
    {43002, "require POST method"},
    {43004, "require subscribe"},
    {43101, "user refuse to accept the msg"},
    {43107, "subscribe capability is banned"},
    {43108, "Cannot make concurrent calls to the same OpenID, please try again"},
    {44002, "empty post data"},
    {45009, "reach max api daily quota limit"},
    {45011, "api minute-quota reach limit, must slower, retry next minute"},
    {45103, "This API has been unsupported"},
    {45109, "This API has been unsupported"},
    {45168, "sensitive word in content"},
    {47001, "data format error"},
    {47003, "argument invalid!"},
    {48001, "api unauthorized"},
    {48006, "forbid to clear quota because of reaching the limit"},
    {50002, "user limited"},
    {50004, "token api is forbidden for this account"},
    {50007, "account is frozen"},
    {61007, "api is unauthorized to component"},
    {61024, "must use api(api_component_token) to get token for component acct"},
    {76003, "invalid cgi_path"},
    {76021, "cgi_path not found, please check"},
    {76022, "could not use this cgi_path, no permission"},
    {89503, "the call waits for an admin's confirmation"},
    {89506, "this ip is refused by an admin, try again after 24 hours"},
    {89507, "this ip is refused by an admin, try again after 1 hour"},
    {200001, "system error"},
    {200002, "invalid argument"},
    {200011, "account is banned"},
    {200012, "too many private templates"},
    {200013, "template is banned"},
    {200014, "invalid tid"},
    {200016, "invalid start"},
    {200017, "invalid limit"},
    {200018, "ids missing"},
    {200019, "invalid ids"},
    {200020, "invalid kidList"},
    {200021, "invalid sceneDesc"},
    {200022, "template has added already"},
    {200100, "wrong account type"},
};

const char *hy_sim_code_text_of(int code)
{
    for (size_t i = 0; i < sizeof all_words / sizeof all_words[0]; i++) {
        if (all_words[i].code == code)
            return all_words[i].text;
    }
    return "error";
}

static void put_control(struct hy_buf *out, char c)
{
    hy_buf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
}

void hy_sim_put_text(struct hy_buf *out, const char *text)
{
    const char *plain = text;

    if (!text) {
        hy_buf_puts(out, "null");
        return;
    }
    hy_buf_putc(out, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        hy_buf_append(out, plain, (size_t)(text - plain));
        plain = text + 1;
        if (c < 0x20) {
            put_control(out, *text);
        } else {
            hy_buf_putc(out, '\\');
            hy_buf_putc(out, *text);
        }
    }
    hy_buf_append(out, plain, (size_t)(text - plain));
    hy_buf_putc(out, '"');
}
