#include "check_input.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include <podfit/cursor.h>
#include <podfit/file.h>
#include <podfit/limits.h>
#include <podfit/yaml.h>

/* A tree takes some ten times the bytes of its text. */
#define TREE_MAX_BYTES (16 * PF_CHECK_FILE_MAX_BYTES)

/* Twice what Linux opens. */
#define PATH_MAX_BYTES ((size_t)8192)

struct reader {
    const char *file; /* as messages name it */
    size_t document;  /* from 1; 0: the only one */
    size_t item;      /* from 1; 0: not in a list; counted through lists in lists */
    unsigned depth;   /* lists around the present object */
    pf_check_input_fn each;
    void *opaque;
    struct pf_err *err;
};

/* What decides how an object is read. */
struct head {
    struct pf_sv api_version;
    struct pf_sv kind;
    struct pf_sv items; /* raw; empty when absent */
};

static void place_of(const struct reader *r, char *text, size_t cap)
{
    char document[40] = "";
    char item[40] = "";
    if (r->document != 0) {
        (void)snprintf(document, sizeof(document), ", document %zu", r->document);
    }
    if (r->item != 0) {
        (void)snprintf(item, sizeof(item), ", item %zu", r->item);
    }
    (void)snprintf(text, cap, "%s%s%s", r->file, document, item);
}

static enum pf_code read_head(struct pf_sv json, struct pf_arena *arena, struct head *ret_head,
                              struct pf_err *err)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("kind"), PF_SV_INIT("items"),
                                        PF_SV_INIT("apiVersion")};
    struct head head = {0};
    struct pf_cursor c;
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_init(&c, json);
    pf_cursor_enter_object(&c);
    while (pf_cursor_next_field(&c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        if (index == 0) {
            pf_cursor_string(&c, arena, &head.kind);
        } else if (index == 1) {
            pf_cursor_span(&c, &head.items);
        } else {
            pf_cursor_string(&c, arena, &head.api_version);
        }
    }
    if (!pf_cursor_end(&c)) {
        return pf_cursor_error(&c, err);
    }
    *ret_head = head;
    return PF_OK;
}

static enum pf_code hand_out(const struct reader *r, struct pf_sv json, bool review)
{
    char place[512];
    place_of(r, place, sizeof(place));
    const struct pf_check_object object = {.place = place, .review = review, .json = json};
    const enum pf_code code = r->each(r->opaque, &object, r->err);
    return code == PF_OK ? PF_OK : pf_err_wrap(r->err, code, "%s", place);
}

/* Kinds whose pods the person meant. */
static bool makes_pods(struct pf_sv kind)
{
    static const char *const kinds[] = {"Deployment",  "ReplicaSet", "ReplicationController",
                                        "StatefulSet", "DaemonSet",  "Job",
                                        "CronJob"};
    for (size_t i = 0; i < PF_ARRAY_LEN(kinds); i++) {
        if (pf_sv_eq_cstr(kind, kinds[i])) {
            return true;
        }
    }
    return false;
}

/* Other groups may have a kind Pod, too. Manifests that leave the version out are understood. */
static bool is_core(const struct head *head)
{
    return head->api_version.len == 0 || pf_sv_eq_cstr(head->api_version, "v1");
}

static enum pf_code refuse_kind(const struct reader *r, const struct head *head)
{
    const struct pf_sv kind = head->kind;
    char place[512];
    place_of(r, place, sizeof(place));
    if (kind.len == 0) {
        return pf_err_set(
            r->err, PF_E_UNSUPPORTED,
            "%s: 'kind' is missing; Pod, AdmissionReview and lists of them are allowed", place);
    }
    if (!is_core(head)) {
        return pf_err_set(r->err, PF_E_UNSUPPORTED,
                          "%s: kind '%.*s' of apiVersion '%.*s' cannot be checked; Pod of v1, "
                          "AdmissionReview and lists of them are allowed",
                          place, PF_SV_ARG(kind), PF_SV_ARG(head->api_version));
    }
    return pf_err_set(
        r->err, PF_E_UNSUPPORTED,
        "%s: kind '%.*s' cannot be checked; Pod, AdmissionReview and lists of them are allowed%s",
        place, PF_SV_ARG(kind), makes_pods(kind) ? ", so give one of its pods" : "");
}

static enum pf_code read_list(struct reader *r, const struct head *head);

/* One object; in a list @p list_kind is the list's kind, whose items may lack a kind of their own. */
static enum pf_code read_object(struct reader *r, struct pf_sv json, struct pf_sv list_kind)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, PF_CHECK_FILE_MAX_BYTES);
    struct head head = {0};
    const enum pf_code code = read_head(json, &arena, &head, r->err);
    if (code != PF_OK) {
        char place[512];
        place_of(r, place, sizeof(place));
        return pf_err_wrap(r->err, code, "%s", place);
    }
    const bool pod =
        is_core(&head) && (pf_sv_eq_cstr(head.kind, "Pod") ||
                           (head.kind.len == 0 && pf_sv_eq_cstr(list_kind, "PodList")));
    if (pod || pf_sv_eq_cstr(head.kind, "AdmissionReview")) {
        return hand_out(r, json, !pod);
    }
    const bool list = pf_sv_eq_cstr(head.kind, "List") || pf_sv_eq_cstr(head.kind, "PodList");
    return list && is_core(&head) ? read_list(r, &head) : refuse_kind(r, &head);
}

/* A list in a list counts as its items, as with kubectl. */
static enum pf_code read_list(struct reader *r, const struct head *head)
{
    r->item -= r->depth != 0 ? 1 : 0; /* its items are counted, not the list */
    if (head->items.len == 0) {
        return PF_OK;
    }
    if (r->depth == PF_LIST_MAX_DEPTH) {
        char place[512];
        place_of(r, place, sizeof(place));
        return pf_err_set(r->err, PF_E_TOO_BIG, "%s: lists stand in more than %d lists", place,
                          PF_LIST_MAX_DEPTH);
    }
    r->depth++;
    enum pf_code code = PF_OK;
    struct pf_cursor c;
    pf_cursor_init(&c, head->items);
    pf_cursor_enter_array(&c);
    while (code == PF_OK && pf_cursor_next_item(&c)) {
        struct pf_sv item = {0};
        pf_cursor_span(&c, &item);
        r->item++;
        code = read_object(r, item, head->kind);
    }
    if (code == PF_OK && !pf_cursor_ok(&c)) {
        char place[512];
        place_of(r, place, sizeof(place));
        return pf_err_wrap(r->err, pf_cursor_error(&c, r->err), "%s: items", place);
    }
    r->depth--;
    r->item = r->depth != 0 ? r->item : 0;
    return code;
}

/* JSON values that follow each other, also with `---` lines between them as YAML would have. */
static struct pf_sv skip_separator(struct pf_sv text)
{
    text = pf_sv_trim(text);
    while (pf_sv_starts_with(text, PF_SV("---"))) {
        text = pf_sv_trim((struct pf_sv){.ptr = text.ptr + 3, .len = text.len - 3});
    }
    return text;
}

static enum pf_code read_json(struct reader *r, struct pf_sv text)
{
    struct pf_sv rest = skip_separator(text);
    size_t document = 0;
    while (rest.len != 0) {
        struct pf_cursor c;
        struct pf_sv value = {0};
        pf_cursor_init(&c, rest);
        if (!pf_cursor_span(&c, &value)) {
            return pf_err_wrap(r->err, pf_cursor_error(&c, r->err), "%s: document %zu", r->file,
                               document + 1);
        }
        const size_t used = (size_t)(value.ptr - rest.ptr) + value.len;
        rest = skip_separator((struct pf_sv){.ptr = rest.ptr + used, .len = rest.len - used});
        document++;
        r->document = document == 1 && rest.len == 0 ? 0 : document;
        const enum pf_code code = read_object(r, value, (struct pf_sv){0});
        if (code != PF_OK) {
            return code;
        }
    }
    return PF_OK;
}

static enum pf_code read_yaml(struct reader *r, struct pf_sv text)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, TREE_MAX_BYTES);
    struct pf_yaml_docs docs = {0};
    enum pf_code code =
        pf_yaml_parse(r->file, text, PF_CHECK_FILE_MAX_BYTES, &arena, &docs, r->err);
    if (code != PF_OK) {
        return code;
    }
    if (docs.count == 0) {
        return pf_err_set(r->err, PF_E_INVALID, "%s: no object in it", r->file);
    }
    pf_autobuf struct pf_buf json = {0};
    pf_buf_init(&json, 2 * PF_CHECK_FILE_MAX_BYTES);
    for (size_t i = 0; i < docs.count && code == PF_OK; i++) {
        r->document = docs.count == 1 ? 0 : i + 1;
        pf_buf_reset(&json);
        code = pf_yaml_json_write(docs.roots[i], &json, r->err);
        if (code != PF_OK) {
            char place[512];
            place_of(r, place, sizeof(place));
            return pf_err_wrap(r->err, code, "%s", place);
        }
        code = read_object(r, pf_buf_view(&json), (struct pf_sv){0});
    }
    return code;
}

static enum pf_code read_file(const char *path, pf_check_input_fn each, void *opaque,
                              struct pf_err *err)
{
    pf_autobuf struct pf_buf bytes = {0};
    pf_buf_init(&bytes, PF_CHECK_FILE_MAX_BYTES);
    const enum pf_code code = pf_file_read(path, &bytes, err);
    if (code != PF_OK) {
        return code;
    }
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    struct reader r = {.file = name, .each = each, .opaque = opaque, .err = err};
    const struct pf_sv text = pf_buf_view(&bytes);
    const struct pf_sv start = pf_sv_trim(text);
    return start.len != 0 && start.ptr[0] == '{' ? read_json(&r, text) : read_yaml(&r, text);
}

/* Extensions as kubectl knows them. */
static int is_manifest(const struct dirent *entry)
{
    static const char *const endings[] = {".json", ".yaml", ".yml"};
    const char *dot = strrchr(entry->d_name, '.');
    for (size_t i = 0; dot != NULL && i < PF_ARRAY_LEN(endings); i++) {
        if (strcmp(dot, endings[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Not alphasort(3), whose order is the locale's. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum pf_code read_entry(const char *folder, const char *name, pf_check_input_fn each,
                               void *opaque, struct pf_err *err)
{
    pf_autobuf struct pf_buf path = {0};
    pf_buf_init(&path, PATH_MAX_BYTES);
    const bool slash = folder[strlen(folder) - 1] == '/';
    pf_buf_printf(&path, "%s%s%s", folder, slash ? "" : "/", name);
    const enum pf_code code = pf_buf_status(&path, err);
    return code == PF_OK ? read_file(path.data, each, opaque, err) : code;
}

/* The files of a folder in the order of their names, folders in it left out: as `kubectl -f` without -R. */
static enum pf_code read_folder(const char *folder, pf_check_input_fn each, void *opaque,
                                struct pf_err *err)
{
    struct dirent **found = NULL;
    const int count = scandir(folder, &found, is_manifest, by_bytes);
    if (count < 0) {
        return pf_err_set_errno(err, errno == ENOMEM ? PF_E_NO_MEMORY : PF_E_IO, errno,
                                "cannot read the folder '%s'", folder);
    }
    enum pf_code code = PF_OK;
    if (count == 0) {
        code =
            pf_err_set(err, PF_E_INVALID,
                       "the folder '%s' holds no file that ends in .json, .yaml or .yml", folder);
    }
    for (int i = 0; i < count; i++) {
        code = code == PF_OK ? read_entry(folder, found[i]->d_name, each, opaque, err) : code;
        free(found[i]);
    }
    free(found);
    return code;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

enum pf_code pf_check_input_read(const char *path, pf_check_input_fn each, void *opaque,
                                 struct pf_err *err)
{
    return is_folder(path) ? read_folder(path, each, opaque, err)
                           : read_file(path, each, opaque, err);
}
