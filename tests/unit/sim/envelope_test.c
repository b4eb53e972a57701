/* The simulator's own envelope, against the platform's published samples. */
#include "tap.h"

#include "base/err.h"
#include "sim/envelope.h"
#include "sim/post.h"

#include <openssl/evp.h>
#include <stdlib.h>

static const char zero_key[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static const char *sign(const char *a, const char *b, const char *c, const char *d)
{
    static char signature[HY_SIM_SIGNATURE_BYTES];
    const char *parts[] = {a, b, c, d};

    CHECK_INT(hy_sim_sign(parts, d ? 4 : 3, signature), 0);
    return signature;
}

static const char *seal(const char *key, const char *appid, const char *salt, const char *message)
{
    static struct hy_buf sealed;

    hy_buf_deinit(&sealed);
    hy_buf_init(&sealed, 1 << 20);
    CHECK_INT(hy_sim_seal(key, appid, salt, message, strlen(message), &sealed), 0);
    return hy_buf_text(&sealed);
}

static void requests_are_signed(void)
{
    CHECK_TEXT(sign("AAAAA", "1714036504", "1514711492", NULL),
               "f464b24fc39322e44b38aa78f5edd27bd1441696");
    CHECK_TEXT(sign("AAAAA", "1714037059", "486452656", NULL),
               "899cf89e464efb63f54ddac96b0a0a235f53aa78");
    CHECK_TEXT(sign("AAAAA", "1714112445", "415670741", NULL),
               "6c5c811b55cc85e0e1b54100749188c20beb3f5d");
}

static void an_event_is_sealed_and_signed(void)
{
    static const char expected[] =
        "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQq"
        "cvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZu"
        "Mcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWyg"
        "b3VIYnSeOBrebufAlr7F9mFUPAJGj04=";
    const char *sealed = seal(
        zero_key, "wxba5fad812f8e6fb9", "a8eedb185eb2fecf",
        "{\"ToUserName\":\"gh_97417a04a28d\",\"FromUserName\":\"o9AgO5Kd5ggOC-bXrbNODIiE3bGY\","
        "\"CreateTime\":1714112445,\"MsgType\":\"event\",\"Event\":\"debug_demo\","
        "\"debug_str\":\"hello world\"}");

    CHECK_TEXT(sealed, expected);
    CHECK_TEXT(sign("AAAAA", "1714112445", "415670741", sealed),
               "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3");
}

static void the_other_samples_fit_too(void)
{
    const char *sealed =
        seal(zero_key, "wxba5fad812f8e6fb9", "707722b803182950", "{\"demo_resp\":\"good luck\"}");

    CHECK_TEXT(sealed, "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtz"
                       "ve1L32tmxSQ==");
    CHECK_TEXT(sign("AAAAA", "1713424427", "415670741", sealed),
               "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1");
    sealed = seal("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wxb11529c136998cb6",
                  "aaaabbbbccccdddd", "我是中文abcd123");
    CHECK_TEXT(sealed,
               "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGM"
               "hkP72vVOfg==");
    CHECK_TEXT(sign("pamtest", "1409304348", "xxxxxx", sealed),
               "82c962d39941aa48552f90ef55aa323dc620cc10");
}

/* When all is aligned already a whole block of padding comes. 16 + 4 + 10 + 2 = 32. */
static void an_aligned_text_gets_a_whole_block(void)
{
    CHECK_INT(strlen(seal(zero_key, "wx", "0123456789abcdef", "0123456789")), 88);
    CHECK_INT(strlen(seal(zero_key, "wx", "0123456789abcdef", "012345678")), 44);
}

static void keys_are_checked(void)
{
    struct hy_buf sealed;

    CHECK(hy_sim_aes_key_ok(zero_key));
    CHECK(hy_sim_aes_key_ok("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"));
    CHECK(!hy_sim_aes_key_ok("abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"));
    CHECK(!hy_sim_aes_key_ok("abcdefghijklmnopqrstuvwxyz0123456789ABCDE*G"));
    CHECK(!hy_sim_aes_key_ok("abcdefghijklmnopqrstuvwxyz0123456789ABCDEF="));
    hy_buf_init(&sealed, 1 << 20);
    CHECK_INT(hy_sim_seal("short", "wx", "0123456789abcdef", "x", 1, &sealed), HY_E_INVALID);
}

static const char *written(bool xml, const char *json)
{
    static struct hy_buf out;
    json_t *tree = json_loads(json, 0, NULL);

    hy_buf_deinit(&out);
    hy_buf_init(&out, 1 << 20);
    hy_sim_post_write(tree, xml, &out);
    json_decref(tree);
    return hy_buf_text(&out);
}

static void trees_become_xml(void)
{
    CHECK_TEXT(written(true, "{\"A\":\"x\",\"B\":12,\"C\":[{\"D\":\"1\"},{\"D\":\"2\"}],\"E\":[],"
                             "\"F\":null,\"G\":true,\"H\":1.5}"),
               "<xml><A><![CDATA[x]]></A><B>12</B><C><D><![CDATA[1]]></D></C>"
               "<C><D><![CDATA[2]]></D></C><F></F><G>true</G><H>1.5</H></xml>");
    CHECK_TEXT(written(true, "{\"A\":\"<b>&]]>]]>\"}"),
               "<xml><A><![CDATA[<b>&]]]]><![CDATA[>]]]]><![CDATA[>]]></A></xml>");
    CHECK_TEXT(written(false, "{\"B\": \"赌\", \"A\": [1]}"), "{\"B\":\"赌\",\"A\":[1]}");
    CHECK(hy_sim_post_name_ok("punish_id"));
    CHECK(!hy_sim_post_name_ok("1a"));
    CHECK(!hy_sim_post_name_ok(""));
    CHECK(!hy_sim_post_name_ok("a b"));
    CHECK(!hy_sim_post_name_ok("a>"));
}

int main(void)
{
    RUN(requests_are_signed);
    RUN(an_event_is_sealed_and_signed);
    RUN(the_other_samples_fit_too);
    RUN(an_aligned_text_gets_a_whole_block);
    RUN(keys_are_checked);
    RUN(trees_become_xml);
    return hy_tap_end();
}
