#include "platform/wechat_mini.h"

#include "platform/wechat_callback.h"

static const struct hy_code codes[] = {
#include "wechat_mini_codes.inc"
    {0}};

const struct hy_platform hy_platform_wechat_mini = {
    .name = "wechat_mini",
    .timezone = "Asia/Shanghai",
    .base_url = "https://api.weixin.qq.com",
    .sample_user = "oNobodyNobodyNobodyNobodyNob",
    .auth =
        {
            .kind = HY_AUTH_TOKEN,
            .refetch_harms = true,
            .overlap_ms = 300000,
            .calls_max_a_day = 2000,
            .stable_calls_max_a_day = 500000,
            .forced_max_a_day = 20,
            .forced_gap_ms = 30000,
        },
    .codes = codes,
    .check_app = hy_wechat_mini_check_app,
    .check_user = hy_wechat_mini_check_user,
    .check_callback = hy_wechat_mini_check_callback,
    .check_extra = hy_wechat_mini_check_extra,
    .check_message = hy_wechat_mini_check_message,
    .check_credential = hy_wechat_mini_check_credential,
    .build_token = hy_wechat_mini_build_token,
    .judge_token = hy_wechat_mini_judge_token,
    .build_send = hy_wechat_mini_build_send,
    .judge_send = hy_wechat_mini_judge_send,
    .refused_field = hy_wechat_mini_refused_field,
    .build_login = hy_wechat_mini_build_login,
    .judge_login = hy_wechat_mini_judge_login,
    .build_template = hy_wechat_mini_build_template,
    .judge_template = hy_wechat_mini_judge_template,
    .channel_of = hy_wechat_mini_channel_of,
    .build_quota = hy_wechat_mini_build_quota,
    .judge_quota = hy_wechat_mini_judge_quota,
    .read_callback = hy_wechat_read_callback,
};
