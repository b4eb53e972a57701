#include "tap.h"

#include "base/http.h"

static const char *const secret[] = {"access_token", "secret", NULL};

static void masks_only_the_secret_values(void)
{
    char text[200];

    CHECK_TEXT(hy_http_mask_url(text, sizeof text,
                                "https://h/p?appid=wx1&secret=abc&access_token=xyz#f", secret),
               "https://h/p?appid=wx1&secret=***&access_token=***#f");
    CHECK_TEXT(hy_http_mask_url(text, sizeof text, "https://h/secret=1?a=1", secret),
               "https://h/secret=1?a=1");
}

static void cuts_without_leaking(void)
{
    char text[20];

    hy_http_mask_url(text, sizeof text, "https://host/?secret=abcdefgh", secret);
    CHECK(strlen(text) < sizeof text);
    CHECK(strstr(text, "abc") == NULL);
}

int main(void)
{
    RUN(masks_only_the_secret_values);
    RUN(cuts_without_leaking);
    return hy_tap_end();
}
