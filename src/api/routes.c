#include "api/routes.h"

#include "api/query.h"
#include "domain/key.h"

#define RULE(...)                                                                                  \
    &(const struct hy_api_rule)                                                                    \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

enum {
    PUBLIC = 0,
    ADMIN = HY_SCOPE_ADMIN,
    READ = HY_SCOPE_READ,
    SEND = HY_SCOPE_SEND,
    SEND_OR_READ = HY_SCOPE_SEND | HY_SCOPE_READ,
    REPORT = HY_SCOPE_SEND | HY_SCOPE_CLIENT,
    TOKEN = HY_SCOPE_TOKEN,
    CLIENT = HY_SCOPE_CLIENT,
};

/* clang-format off */
const struct hy_route hy_api_routes[] = {
    {"GET", "/healthz", NULL, RULE(hy_api_health_alive, PUBLIC, NULL)},
    {"GET", "/readyz", NULL, RULE(hy_api_health_ready, PUBLIC, NULL)},
    {"GET", "/metrics", NULL, RULE(hy_api_metrics, PUBLIC, NULL)},
    {"GET", "/openapi.json", NULL, RULE(hy_api_health_openapi, PUBLIC, NULL)},
    {"GET", "/", NULL, RULE(hy_api_console_enter, PUBLIC, NULL)},
    {"GET", "/console", NULL, RULE(hy_api_console_enter, PUBLIC, NULL)},
    {"GET", "/console/", NULL, RULE(hy_api_console_page, PUBLIC, NULL)},
    {"GET", "/console/{file}", NULL, RULE(hy_api_console_file, PUBLIC, NULL)},
    {"POST", "/index/index/form_id", NULL, RULE(hy_api_intake_form_id, PUBLIC, NULL)},

    {"POST", "/v1/messages", NULL, RULE(hy_api_messages_submit, SEND, hy_query_none)},
    {"GET", "/v1/messages", NULL, RULE(hy_api_messages_list, SEND_OR_READ, hy_api_messages_query)},
    {"POST", "/v1/messages/check", NULL, RULE(hy_api_messages_check, SEND, hy_query_none)},
    {"GET", "/v1/messages/{id}", NULL, RULE(hy_api_messages_show, SEND_OR_READ, hy_query_none)},
    {"POST", "/v1/messages/{id}/cancel", NULL,
     RULE(hy_api_messages_cancel, SEND, hy_query_none, .bodiless = true)},
    {"POST", "/v1/messages/{id}/retry", NULL, RULE(hy_api_messages_retry, SEND, hy_query_none)},

    {"GET", "/v1/dead-letters", NULL,
     RULE(hy_api_dead_letters_list, SEND_OR_READ, hy_api_dead_letters_query)},
    {"POST", "/v1/dead-letters/retry", NULL,
     RULE(hy_api_dead_letters_retry, SEND, hy_query_none)},

    {"POST", "/v1/grants", NULL, RULE(hy_api_grants_report, REPORT, hy_query_none)},
    {"GET", "/v1/grants", NULL, RULE(hy_api_grants_list, READ, hy_api_grants_query)},

    {"GET", "/v1/reach", NULL, RULE(hy_api_reach, READ, hy_api_reach_query)},
    {"GET", "/v1/users/{app}/{user}/timeline", NULL,
     RULE(hy_api_timeline, READ, hy_api_timeline_query)},

    {"GET", "/v1/templates", NULL,
     RULE(hy_api_templates_list, SEND_OR_READ, hy_api_templates_query)},
    {"POST", "/v1/templates", NULL, RULE(hy_api_templates_add, SEND, hy_api_templates_app_query)},
    {"POST", "/v1/templates/sync", NULL,
     RULE(hy_api_templates_sync, SEND, hy_api_templates_app_query)},
    {"GET", "/v1/templates/categories", NULL,
     RULE(hy_api_templates_categories, SEND_OR_READ, hy_api_templates_query)},
    {"GET", "/v1/templates/titles", NULL,
     RULE(hy_api_templates_titles, SEND_OR_READ, hy_api_templates_titles_query)},
    {"GET", "/v1/templates/keywords", NULL,
     RULE(hy_api_templates_keywords, SEND_OR_READ, hy_api_templates_keywords_query)},
    {"GET", "/v1/templates/library", NULL,
     RULE(hy_api_templates_library, SEND_OR_READ, hy_api_templates_library_query)},
    {"GET", "/v1/templates/library/{id}", NULL,
     RULE(hy_api_templates_library_show, SEND_OR_READ, hy_api_templates_query)},
    {"GET", "/v1/templates/{template}", NULL,
     RULE(hy_api_templates_show, SEND_OR_READ, hy_api_templates_query)},
    {"DELETE", "/v1/templates/{template}", NULL,
     RULE(hy_api_templates_delete, SEND, hy_api_templates_query)},

    {"POST", "/v1/apps", NULL, RULE(hy_api_apps_create, ADMIN, hy_query_none)},
    {"GET", "/v1/apps", NULL, RULE(hy_api_apps_list, READ, hy_query_none)},
    {"GET", "/v1/apps/{id}", NULL, RULE(hy_api_apps_show, READ, hy_query_none)},
    {"PATCH", "/v1/apps/{id}", NULL, RULE(hy_api_apps_change, ADMIN, hy_query_none)},
    {"DELETE", "/v1/apps/{id}", NULL, RULE(hy_api_apps_remove, ADMIN, hy_query_none)},
    {"POST", "/v1/apps/{id}/pause", NULL, RULE(hy_api_apps_pause, ADMIN, hy_query_none)},
    {"POST", "/v1/apps/{id}/resume", NULL,
     RULE(hy_api_apps_resume, ADMIN, hy_query_none, .bodiless = true)},
    {"GET", "/v1/apps/{id}/token", NULL, RULE(hy_api_tokens_show, TOKEN, hy_query_none)},
    {"POST", "/v1/apps/{id}/token/refresh", NULL,
     RULE(hy_api_tokens_refresh, TOKEN, hy_query_none)},

    {"POST", "/v1/keys", NULL, RULE(hy_api_keys_create, ADMIN, hy_query_none)},
    {"GET", "/v1/keys", NULL, RULE(hy_api_keys_list, ADMIN, hy_query_none)},
    {"DELETE", "/v1/keys/{id}", NULL, RULE(hy_api_keys_revoke, ADMIN, hy_query_none)},

    {"POST", "/v1/broadcasts", NULL, RULE(hy_api_broadcasts_create, SEND, hy_query_none)},
    {"GET", "/v1/broadcasts", NULL,
     RULE(hy_api_broadcasts_list, SEND_OR_READ, hy_api_broadcasts_query)},
    {"GET", "/v1/broadcasts/{id}", NULL, RULE(hy_api_broadcasts_show, SEND_OR_READ, hy_query_none)},
    {"PATCH", "/v1/broadcasts/{id}", NULL, RULE(hy_api_broadcasts_change, SEND, hy_query_none)},
    {"POST", "/v1/broadcasts/{id}/users", NULL,
     RULE(hy_api_broadcasts_upload, SEND, hy_query_none, .pieces = true)},
    {"POST", "/v1/broadcasts/{id}/start", NULL,
     RULE(hy_api_broadcasts_start, SEND, hy_query_none, .bodiless = true)},
    {"POST", "/v1/broadcasts/{id}/pause", NULL,
     RULE(hy_api_broadcasts_pause, SEND, hy_query_none, .bodiless = true)},
    {"POST", "/v1/broadcasts/{id}/resume", NULL,
     RULE(hy_api_broadcasts_resume, SEND, hy_query_none, .bodiless = true)},
    {"POST", "/v1/broadcasts/{id}/cancel", NULL,
     RULE(hy_api_broadcasts_cancel, SEND, hy_query_none, .bodiless = true)},
    {"GET", "/v1/broadcasts/{id}/preview", NULL,
     RULE(hy_api_broadcasts_preview, SEND_OR_READ, hy_query_none)},
    {"GET", "/v1/broadcasts/{id}/failed", NULL,
     RULE(hy_api_broadcasts_failed, SEND_OR_READ, hy_api_broadcasts_failed_query)},

    {"POST", "/v1/schedules", NULL, RULE(hy_api_schedules_create, SEND, hy_query_none)},
    {"GET", "/v1/schedules", NULL, RULE(hy_api_schedules_list, SEND_OR_READ, hy_query_none)},
    {"GET", "/v1/schedules/next", NULL,
     RULE(hy_api_schedules_next, SEND_OR_READ, hy_api_schedules_next_query)},
    {"GET", "/v1/schedules/{id}", NULL, RULE(hy_api_schedules_show, SEND_OR_READ, hy_query_none)},
    {"PATCH", "/v1/schedules/{id}", NULL, RULE(hy_api_schedules_change, SEND, hy_query_none)},
    {"DELETE", "/v1/schedules/{id}", NULL, RULE(hy_api_schedules_remove, SEND, hy_query_none)},

    {"POST", "/v1/webhooks", NULL, RULE(hy_api_webhooks_create, ADMIN, hy_query_none)},
    {"GET", "/v1/webhooks", NULL, RULE(hy_api_webhooks_list, READ, hy_query_none)},
    {"GET", "/v1/webhooks/{id}", NULL, RULE(hy_api_webhooks_show, READ, hy_query_none)},
    {"PATCH", "/v1/webhooks/{id}", NULL, RULE(hy_api_webhooks_change, ADMIN, hy_query_none)},
    {"DELETE", "/v1/webhooks/{id}", NULL, RULE(hy_api_webhooks_remove, ADMIN, hy_query_none)},
    {"POST", "/v1/webhooks/{id}/rotate", NULL, RULE(hy_api_webhooks_rotate, ADMIN, hy_query_none)},
    {"POST", "/v1/webhooks/{id}/enable", NULL,
     RULE(hy_api_webhooks_enable, ADMIN, hy_query_none, .bodiless = true)},
    {"POST", "/v1/webhooks/{id}/test", NULL,
     RULE(hy_api_webhooks_test, ADMIN, hy_query_none, .bodiless = true)},

    {"DELETE", "/v1/users/{app}/{user}/sessions", NULL,
     RULE(hy_api_users_logout, ADMIN | CLIENT, hy_query_none)},

    {"POST", "/client/v1/login", NULL, RULE(hy_api_client_login, PUBLIC, hy_query_none)},
    {"DELETE", "/client/v1/session", NULL, RULE(hy_api_client_logout, PUBLIC, hy_query_none)},
    {"POST", "/client/v1/grants", NULL, RULE(hy_api_client_report, PUBLIC, hy_query_none)},
    {"GET", "/client/v1/ask", NULL, RULE(hy_api_client_ask, PUBLIC, hy_api_client_ask_query)},

    {"GET", "/callback/{app}", NULL, RULE(hy_api_callback, PUBLIC, NULL)},
    {"POST", "/callback/{app}", NULL, RULE(hy_api_callback, PUBLIC, NULL)},

    {"GET", "/v1/audit", NULL, RULE(hy_api_audit_list, READ, hy_api_audit_query)},
    {"GET", "/v1/stats", NULL, RULE(hy_api_stats, READ, hy_query_none)},
    {"GET", "/v1/nodes", NULL, RULE(hy_api_nodes, READ, hy_query_none)},
    {0}};
/* clang-format on */
