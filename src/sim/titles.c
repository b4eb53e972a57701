#include "sim/titles.h"

#include <stddef.h>
#include <string.h>

enum { CATERING = 203, DELIVERY = 321, BUS = 378, HOSPITAL = 411, SCHOOL = 616 };
enum { ONCE = HY_SIM_TEMPLATE_ONCE, ALWAYS = HY_SIM_TEMPLATE_ALWAYS };

const struct hy_sim_category hy_sim_categories[] = {
    {CATERING, "餐饮服务场所"}, {DELIVERY, "快递业与邮政"}, {BUS, "公共交通"},
    {HOSPITAL, "公立医疗机构"}, {SCHOOL, "教育信息服务"},   {0}};

static const char *const half_days[] = {"上午", "下午", "晚上", NULL};
static const char *const visits[] = {"初诊", "复诊", "急诊", NULL};

/* Long-term titles stand in the categories of public services only. */
const struct hy_sim_title hy_sim_titles[] = {
    {1476,
     ONCE,
     CATERING,
     "取餐提醒",
     {{"取餐号码", "character_string", "A108", NULL},
      {"取餐时间", "time", "12:30", NULL},
      {"取餐门店", "thing", "江边店", NULL},
      {"订单金额", "amount", "￥36.5", NULL},
      {"订单状态", "phrase", "待取餐", NULL},
      {"温馨提示", "thing", "餐凉了可以免费加热", NULL}}},
    {855,
     ONCE,
     CATERING,
     "预约成功通知",
     {{"预约项目", "thing", "双人烛光晚餐", NULL},
      {"预约日期", "date", "2021年5月20日", NULL},
      {"预约时段", "enum_string", "晚上", half_days},
      {"用餐人数", "number", "2", NULL},
      {"预约人", "name", "林小舟", NULL},
      {"联系电话", "phone_number", "0571-88000001", NULL}}},
    {1128,
     ONCE,
     DELIVERY,
     "包裹派送通知",
     {{"快递单号", "character_string", "HY20210520001", NULL},
      {"收件人", "name", "林小舟", NULL},
      {"派送电话", "phone_number", "+86-571-88000002", NULL},
      {"派送车牌", "car_number", "浙A12345", NULL},
      {"预计送达", "date", "2021-05-20 16:00~2021-05-20 18:00", NULL},
      {"派送状态", "phrase", "派送中", NULL}}},
    {1131,
     ONCE,
     DELIVERY,
     "包裹签收通知",
     {{"快递单号", "character_string", "HY20210520001", NULL},
      {"签收人", "name", "前台", NULL},
      {"签收时间", "time", "2021年5月20日 17:12", NULL},
      {"取件柜格", "letter", "BC", NULL}}},
    {2003,
     ONCE,
     SCHOOL,
     "上课提醒",
     {{"课程名称", "thing", "初级素描", NULL},
      {"上课时间", "time", "2021年5月22日 09:30", NULL},
      {"教室", "character_string", "B-203", NULL},
      {"任课老师", "name", "江老师", NULL},
      {"班级代号", "letter", "AC", NULL}}},
    {2010,
     ALWAYS,
     SCHOOL,
     "成绩发布通知",
     {{"考试名称", "thing", "期中考试", NULL},
      {"分数", "number", "92.5", NULL},
      {"评级", "symbol", "★★★", NULL},
      {"发布日期", "date", "2021/05/25", NULL}}},
    {3001,
     ALWAYS,
     HOSPITAL,
     "就诊提醒",
     {{"就诊人", "name", "林小舟", NULL},
      {"就诊科室", "thing", "口腔科", NULL},
      {"就诊时间", "time", "2021年5月26日 10:20", NULL},
      {"排队号", "number", "17", NULL},
      {"就诊类型", "enum_string", "复诊", visits}}},
    {3050,
     ALWAYS,
     BUS,
     "乘车扣费通知",
     {{"乘车线路", "thing", "7路", NULL},
      {"扣费金额", "amount", "￥2元", NULL},
      {"乘车时间", "date", "2021-05-26 08:01", NULL},
      {"车牌号码", "car_number", "浙A00007", NULL},
      {"乘车卡号", "character_string", "C-7700123", NULL}}},
    {0}};

const struct hy_sim_title *hy_sim_title_find(int64_t tid)
{
    for (const struct hy_sim_title *t = hy_sim_titles; t->title; t++) {
        if (t->tid == tid)
            return t;
    }
    return NULL;
}

const struct hy_sim_category *hy_sim_category_find(int64_t id)
{
    for (const struct hy_sim_category *c = hy_sim_categories; c->name; c++) {
        if (c->id == id)
            return c;
    }
    return NULL;
}

int hy_sim_title_keyword_count(const struct hy_sim_title *title)
{
    int count = 0;

    while (count < HY_SIM_TITLE_KEYWORDS_MAX && title->keywords[count].name)
        count++;
    return count;
}

static const struct {
    const char *rule, *example;
} examples[] = {
    {"thing", "一杯咖啡"},     {"number", "3"},
    {"letter", "ABC"},         {"symbol", "***"},
    {"time", "15:01"},         {"character_string", "A-1001"},
    {"date", "2021年5月20日"}, {"amount", "￥100"},
    {"name", "林小舟"},        {"phone_number", "0571-88000001"},
    {"phrase", "配送中"},      {"car_number", "浙A12345"},
};

const char *hy_sim_example_of(const struct hy_sim_keyword *keyword)
{
    size_t length = strcspn(keyword->key, "0123456789");

    if (keyword->example)
        return keyword->example;
    if (keyword->choices)
        return keyword->choices[0];
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        if (strlen(examples[i].rule) == length &&
            strncmp(examples[i].rule, keyword->key, length) == 0)
            return examples[i].example;
    }
    return "…";
}
