/* Tables as spreadsheets and people write them. */
#include "tap.h"

#include "cli/csv_users.h"

static char text[8000], fault[256];
static const char *told; /* names of columns */

/* Reads in pieces of `bytes`. */
static void read_in(const char *all, size_t size, size_t bytes)
{
    struct hy_csv_users users;
    struct hy_buf out;
    bool ok = true;

    hy_buf_init(&out, sizeof text - 1);
    hy_csv_users_init(&users);
    CHECK(!told || hy_csv_columns_tell(&users.columns, told, fault));
    for (size_t from = 0; ok && from < size; from += bytes)
        ok = hy_csv_users_take(&users, all + from, size - from < bytes ? size - from : bytes, &out);
    if (ok)
        hy_csv_users_take(&users, NULL, 0, &out);
    snprintf(text, sizeof text, "%s", hy_buf_text(&out));
    snprintf(fault, sizeof fault, "%s", users.fault);
    hy_csv_users_deinit(&users);
    hy_buf_deinit(&out);
}

static void check_bytes(const char *all, size_t size, const char *want, const char *want_fault)
{
    for (size_t bytes = 1; bytes < 30; bytes++) {
        read_in(all, size, bytes);
        CHECK_TEXT(text, want);
        CHECK_TEXT(fault, want_fault);
    }
}

static void check(const char *all, const char *want)
{
    check_bytes(all, strlen(all), want, "");
}

static void check_fault(const char *all, const char *want_fault)
{
    for (size_t bytes = 1; bytes < 30; bytes++) {
        read_in(all, strlen(all), bytes);
        CHECK_TEXT(fault, want_fault);
    }
}

static void one_column(void)
{
    check("", "");
    check("o1\no2\r\no3", "{\"user\":\"o1\"}\n{\"user\":\"o2\"}\n{\"user\":\"o3\"}\n");
    check("openid\no1\n", "\n{\"user\":\"o1\"}\n");
    check("\xef\xbb\xbfOpenId\r\no1\r\n\r\n o2 \r\n", "\n{\"user\":\"o1\"}\n\n{\"user\":\"o2\"}\n");
    check("\xef\xbb\xbf\"openid\"\n\"o1\"\n", "\n{\"user\":\"o1\"}\n");
}

static void named_columns(void)
{
    check("openid,thing1,date2\no1,你好,2026-03-01\no2,,\n",
          "\n{\"user\":\"o1\",\"data\":{\"thing1\":\"你好\",\"date2\":\"2026-03-01\"}}\n"
          "{\"user\":\"o2\"}\n");
    check("user, thing1 ,\r\no1, x ,\r\n", "\n{\"user\":\"o1\",\"data\":{\"thing1\":\" x \"}}\n");
    check("openid,thing1\no1\n", "\n{\"user\":\"o1\"}\n");
}

static void columns_that_were_told(void)
{
    told = "openid, thing1";
    check("o1,x\no2,\n", "{\"user\":\"o1\",\"data\":{\"thing1\":\"x\"}}\n{\"user\":\"o2\"}\n");
    check("OpenID,name\no1,x\n", "\n{\"user\":\"o1\",\"data\":{\"thing1\":\"x\"}}\n");
    check_fault("o1,x,y\n", "line 1: Column 3 has no name");
    told = NULL;
}

static void names_that_cannot_be(void)
{
    struct hy_csv_columns columns = {0};

    CHECK(!hy_csv_columns_tell(&columns, "openid,a,b,a", fault));
    CHECK_TEXT(fault, "The column a is there twice");
    CHECK(!columns.told);
    hy_csv_columns_deinit(&columns);
}

static void permissions_are_no_data(void)
{
    check("openid,formid,thing1\no1,f1,x\no2,f2,\n",
          "\n{\"user\":\"o1\",\"data\":{\"thing1\":\"x\"}}\n{\"user\":\"o2\"}\n");
    check("openid,prepay_id\no1,p1\n", "\n{\"user\":\"o1\"}\n");
}

static void quotes(void)
{
    check("openid,a\no1,\"x, \"\"y\"\"\"\n",
          "\n{\"user\":\"o1\",\"data\":{\"a\":\"x, \\\"y\\\"\"}}\n");
    check("openid,a\no1,\"two\nlines\"\no2,b\n",
          "\n{\"user\":\"o1\",\"data\":{\"a\":\"two\\nlines\"}}\n\n{\"user\":\"o2\",\"data\":{"
          "\"a\":\"b\"}}\n");
    check("openid,a\no1,5\" long\n", "\n{\"user\":\"o1\",\"data\":{\"a\":\"5\\\" long\"}}\n");
    check("openid,a\r\no1,\"\"\r\n", "\n{\"user\":\"o1\"}\n");
    check("o1\rx\n", "{\"user\":\"o1\\rx\"}\n");
}

static void what_cannot_be_read(void)
{
    check_fault("o1,x\n", "line 1: There are 2 columns: name them in the first line, as in "
                          "openid,thing1,date2, or by --columns");
    check_fault("openid,a\no1,b,c\n", "line 2: Column 3 has no name");
    check_fault("openid,a,a\n", "line 1: The column a is there twice");
    check_fault("openid,a\no1,\"x\ny", "line 2: A quote is opened and never closed");
    check_fault("openid,a\no1,\"x\"y\n", "line 2: Something stands behind a closing quote");
    check_fault("openid,a\no1,\xc4\xe3\xba\xc3\n",
                "line 2: This is not UTF-8; it may be GB18030 or UTF-16");
    check_bytes("o\0p\0\n", 5, "", "line 1: There is a zero byte: this is no text, or UTF-16");
    check_fault("\xff\xfeo\n", "line 1: This is not UTF-8; it may be GB18030 or UTF-16");
}

static void what_was_read_before_a_fault_is_given(void)
{
    check_bytes("o1\no2\n\"", 7, "{\"user\":\"o1\"}\n{\"user\":\"o2\"}\n",
                "line 3: A quote is opened and never closed");
}

static void limits(void)
{
    static char all[HY_CSV_RECORD_BYTES + 10];

    memset(all, ',', 100);
    all[0] = 'u';
    all[100] = '\n';
    check_fault(all, "line 1: There are more than 64 columns");
    memset(all, 'x', sizeof all);
    all[0] = '"';
    read_in(all, sizeof all, 1000);
    CHECK_TEXT(fault, "line 1: The record is longer than 65536 bytes; is a quote missing");
}

int main(void)
{
    RUN(one_column);
    RUN(named_columns);
    RUN(columns_that_were_told);
    RUN(names_that_cannot_be);
    RUN(permissions_are_no_data);
    RUN(quotes);
    RUN(what_cannot_be_read);
    RUN(what_was_read_before_a_fault_is_given);
    RUN(limits);
    return hy_tap_end();
}
