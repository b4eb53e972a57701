/*
 * floor.c - what a message costs where there are only libraries: bare loops beside which the program's own
 * figures can be read. bench/floor.mjs runs them; the parts are named in floor.h.
 *
 *   floor PART ARGUMENTS...
 */
#include "floor.h"

#include "base/clock.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

void floor_must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "floor: %s\n", what);
    exit(1);
}

struct floor_cost floor_now(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (struct floor_cost){(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
                                   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec),
                               (double)hy_clock_mono_us()};
}

void floor_print(const char *part, struct floor_cost since, double count)
{
    struct floor_cost now = floor_now();

    printf("{\"part\":\"%s\",\"cpu_us\":%.2f,\"rate\":%.0f}\n", part,
           (now.cpu_us - since.cpu_us) / count, count * 1e6 / (now.wall_us - since.wall_us));
}

/* --- lists ------------------------------------------------------------------------------------------- */

void floor_list_init(struct floor_list *list)
{
    *list = (struct floor_list){.end = &list->first};
}

void floor_list_add(struct floor_list *list, struct floor_message *m)
{
    m->next = NULL;
    *list->end = m;
    list->end = &m->next;
    list->count++;
}

void floor_list_move(struct floor_list *to, struct floor_list *from)
{
    if (!from->first)
        return;
    *to->end = from->first;
    to->end = from->end;
    to->count += from->count;
    floor_list_init(from);
}

/* --- JSON: parse a body, look at each member ----------------------------------------------------------- */

static size_t walk(const json_t *value)
{
    const char *key;
    size_t sum = 0, i;
    json_t *item;

    if (json_is_string(value))
        return json_string_length(value);
    if (json_is_array(value)) {
        json_array_foreach(value, i, item) sum += walk(item);
        return sum;
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, item) sum += strlen(key) + walk(item);
    return sum;
}

void floor_part_json(int argc, char **argv)
{
    static char body[1 << 20];
    size_t size, each = 1, sum = 0, done = 0, count;
    FILE *file;
    struct floor_cost since;

    floor_must(argc == 2 && (file = fopen(argv[0], "re")), "json FILE COUNT");
    size = fread(body, 1, sizeof body, file);
    fclose(file);
    count = strtoul(argv[1], NULL, 10);
    since = floor_now();
    for (; done < count; done += each) {
        json_t *root = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);

        floor_must(root != NULL, "a body that is no JSON");
        each = json_is_array(root) ? json_array_size(root) : 1;
        sum += walk(root);
        json_decref(root);
    }
    floor_must(sum > 0, "nothing in it");
    floor_print("json", since, (double)done);
}

/* --- sending: users and form_ids on standard input ------------------------------------------------------- */

struct sending {
    struct floor_sender *sender;
    struct floor_message *messages;
    size_t count, begun, ended, sent;
};

static void begin_next(struct sending *all)
{
    if (all->begun < all->count)
        floor_sender_post(all->sender, &all->messages[all->begun++]);
}

static void ended(struct floor_message *m, void *arg)
{
    struct sending *all = arg;

    all->ended++;
    all->sent += m->sent;
    begin_next(all);
}

struct floor_message *floor_read_messages(size_t *ret_count)
{
    size_t room = 0, count = 0;
    struct floor_message *messages = NULL;
    char user[64], form[64], template_id[64];

    while (scanf("%63s %63s %63s", user, form, template_id) == 3) {
        if (count == room)
            messages = realloc(messages, (room += 10000) * sizeof *messages);
        floor_must(messages != NULL, "memory");
        messages[count++] = (struct floor_message){.user = strdup(user),
                                                   .credential = strdup(form),
                                                   .template_id = strdup(template_id),
                                                   .data = "{\"keyword1\":{\"value\":\"12345\"}}"};
    }
    *ret_count = count;
    return messages;
}

void floor_part_send(int argc, char **argv)
{
    struct sending all = {0};
    struct floor_cost since;

    floor_must(argc == 2 || argc == 3, "send URL UNDERWAY [CA]");
    all.messages = floor_read_messages(&all.count);
    all.sender = floor_sender_new(argv[0], argc == 3 ? argv[2] : NULL, ended, &all);
    since = floor_now();
    for (size_t under_way = strtoul(argv[1], NULL, 10); under_way > 0; under_way--)
        begin_next(&all);
    while (all.ended < all.count)
        floor_sender_turn(all.sender, 1000);
    floor_must(all.sent == all.count, "not all were accepted");
    floor_print("send", since, (double)all.count);
    floor_sender_free(all.sender);
}

/* --- which ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    void (*run)(int argc, char **argv);
} parts[] = {
    {"store", floor_part_store},       {"send", floor_part_send},
    {"json", floor_part_json},         {"http", floor_part_http},
    {"whole", floor_part_whole},       {"own-http", floor_part_own_http},
    {"own-send", floor_part_own_send}, {"own-json", floor_part_own_json},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(argv[1], parts[i].name) == 0) {
            parts[i].run(argc - 2, argv + 2);
            return 0;
        }
    }
    floor_must(false, "which part?");
}
