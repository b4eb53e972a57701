#include "engine/internal.h"

void hy_mailbox_init(struct hy_mailbox *box)
{
    pthread_mutex_init(&box->lock, NULL);
    box->first = NULL;
    box->last = &box->first;
    box->awake = false;
}

void hy_mailbox_deinit(struct hy_mailbox *box)
{
    pthread_mutex_destroy(&box->lock);
}

bool hy_mailbox_post(struct hy_mailbox *box, struct hy_mail *mail)
{
    bool wake;

    mail->next = NULL;
    pthread_mutex_lock(&box->lock);
    *box->last = mail;
    box->last = &mail->next;
    wake = !box->awake;
    box->awake = true;
    pthread_mutex_unlock(&box->lock);
    return wake;
}

struct hy_mail *hy_mailbox_take(struct hy_mailbox *box)
{
    struct hy_mail *all;

    pthread_mutex_lock(&box->lock);
    all = box->first;
    box->first = NULL;
    box->last = &box->first;
    if (!all)
        box->awake = false;
    pthread_mutex_unlock(&box->lock);
    return all;
}

void hy_engine_post(struct hy_engine *engine, struct hy_mail *mail)
{
    if (hy_mailbox_post(&engine->mailbox, mail))
        engine->config.transport.wake(engine->config.transport.self);
}
