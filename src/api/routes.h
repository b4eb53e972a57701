/*
 * routes.h - every call of the API, in one table, and the first step of each.
 */
#ifndef HY_API_ROUTES_H
#define HY_API_ROUTES_H

#include "api/call.h"
#include "net/router.h"

/* What a row's `data` points to. */
struct hy_api_rule {
    hy_call_step *handle;
    unsigned scopes;                   /* any of these (or admin); 0 = no key needed */
    const struct hy_json_field *query; /* known parameters; null = any are let through */
    bool bodiless; /* has no fields: nothing or {} is sent, anything else refused */
    bool pieces;   /* begins when the headers are there: the body comes in pieces (hy_call_take) */
};

/* Ended by a null method. */
extern const struct hy_route hy_api_routes[];

/* apps.c */
void hy_api_apps_create(struct hy_call *call);
void hy_api_apps_list(struct hy_call *call);
void hy_api_apps_show(struct hy_call *call);
void hy_api_apps_change(struct hy_call *call);
void hy_api_apps_remove(struct hy_call *call);
void hy_api_apps_pause(struct hy_call *call);
void hy_api_apps_resume(struct hy_call *call);

/* keys.c */
void hy_api_keys_create(struct hy_call *call);
void hy_api_keys_list(struct hy_call *call);
void hy_api_keys_revoke(struct hy_call *call);

/* tokens.c */
void hy_api_tokens_show(struct hy_call *call);
void hy_api_tokens_refresh(struct hy_call *call);

/* grants.c */
void hy_api_grants_report(struct hy_call *call);
void hy_api_grants_list(struct hy_call *call);
extern const struct hy_json_field hy_api_grants_query[];

/* timeline.c, reach.c */
void hy_api_timeline(struct hy_call *call);
extern const struct hy_json_field hy_api_timeline_query[];
void hy_api_reach(struct hy_call *call);
extern const struct hy_json_field hy_api_reach_query[];

/* messages.c */
void hy_api_messages_submit(struct hy_call *call);
void hy_api_messages_check(struct hy_call *call);

/* message_read.c */
void hy_api_messages_list(struct hy_call *call);
void hy_api_messages_show(struct hy_call *call);
void hy_api_messages_cancel(struct hy_call *call);
extern const struct hy_json_field hy_api_messages_query[];

/* retry.c */
void hy_api_messages_retry(struct hy_call *call);

/* dead_letters.c */
void hy_api_dead_letters_list(struct hy_call *call);
void hy_api_dead_letters_retry(struct hy_call *call);
extern const struct hy_json_field hy_api_dead_letters_query[];

/* templates.c; template_library.c: what the platform offers */
void hy_api_templates_list(struct hy_call *call);
void hy_api_templates_show(struct hy_call *call);
void hy_api_templates_sync(struct hy_call *call);
void hy_api_templates_add(struct hy_call *call);
void hy_api_templates_delete(struct hy_call *call);
void hy_api_templates_categories(struct hy_call *call);
void hy_api_templates_titles(struct hy_call *call);
void hy_api_templates_keywords(struct hy_call *call);
void hy_api_templates_library(struct hy_call *call);
void hy_api_templates_library_show(struct hy_call *call);
extern const struct hy_json_field hy_api_templates_query[];     /* GET, DELETE */
extern const struct hy_json_field hy_api_templates_app_query[]; /* POST */
extern const struct hy_json_field hy_api_templates_titles_query[];
extern const struct hy_json_field hy_api_templates_keywords_query[];
extern const struct hy_json_field hy_api_templates_library_query[];

/* broadcasts.c; broadcast_move.c, broadcast_upload.c, broadcast_failed.c */
void hy_api_broadcasts_create(struct hy_call *call);
void hy_api_broadcasts_list(struct hy_call *call);
void hy_api_broadcasts_show(struct hy_call *call);
void hy_api_broadcasts_change(struct hy_call *call);
void hy_api_broadcasts_start(struct hy_call *call);
void hy_api_broadcasts_pause(struct hy_call *call);
void hy_api_broadcasts_resume(struct hy_call *call);
void hy_api_broadcasts_cancel(struct hy_call *call);
void hy_api_broadcasts_preview(struct hy_call *call);
void hy_api_broadcasts_upload(struct hy_call *call);
void hy_api_broadcasts_failed(struct hy_call *call);
extern const struct hy_json_field hy_api_broadcasts_query[];
extern const struct hy_json_field hy_api_broadcasts_failed_query[];

/* schedules.c */
void hy_api_schedules_create(struct hy_call *call);
void hy_api_schedules_list(struct hy_call *call);
void hy_api_schedules_show(struct hy_call *call);
void hy_api_schedules_change(struct hy_call *call);
void hy_api_schedules_remove(struct hy_call *call);

/* schedule_next.c */
void hy_api_schedules_next(struct hy_call *call);
extern const struct hy_json_field hy_api_schedules_next_query[];

/* webhooks.c */
void hy_api_webhooks_create(struct hy_call *call);
void hy_api_webhooks_list(struct hy_call *call);
void hy_api_webhooks_show(struct hy_call *call);
void hy_api_webhooks_change(struct hy_call *call);
void hy_api_webhooks_remove(struct hy_call *call);
void hy_api_webhooks_rotate(struct hy_call *call);
void hy_api_webhooks_enable(struct hy_call *call);
void hy_api_webhooks_test(struct hy_call *call);

/* intake.c */
void hy_api_intake_form_id(struct hy_call *call);

/* client.c */
void hy_api_client_login(struct hy_call *call);
void hy_api_client_logout(struct hy_call *call);
void hy_api_client_report(struct hy_call *call);
void hy_api_users_logout(struct hy_call *call);

/* ask.c */
void hy_api_client_ask(struct hy_call *call);
extern const struct hy_json_field hy_api_client_ask_query[];

/* callback.c */
void hy_api_callback(struct hy_call *call);

/* health.c */
void hy_api_health_alive(struct hy_call *call);
void hy_api_health_ready(struct hy_call *call);
void hy_api_health_openapi(struct hy_call *call);

/* console.c */
void hy_api_console_enter(struct hy_call *call);
void hy_api_console_page(struct hy_call *call);
void hy_api_console_file(struct hy_call *call);

/* audit_list.c */
void hy_api_audit_list(struct hy_call *call);
extern const struct hy_json_field hy_api_audit_query[];

/* stats.c */
void hy_api_stats(struct hy_call *call);

/* nodes.c, metrics.c */
void hy_api_nodes(struct hy_call *call);
void hy_api_metrics(struct hy_call *call);

#endif
