#include "engine/engine.h"

enum hy_template_kind hy_engine_template_kind(struct hy_engine *engine, int64_t app_no,
                                              const char *template_id, bool *ret_absent)
{
    if (ret_absent)
        *ret_absent = false;
    return HY_TEMPLATE_ANY;
}
