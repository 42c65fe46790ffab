#include "json_patch.h"

#include <stdlib.h>
#include <string.h>

#include <podfit/sv.h>

/* RFC 6901: the next reference token, unescaped. @return the rest of the pointer, NULL when @p pointer is not one; ret_token is owned */
static const char *next_token(const char *pointer, char **ret_token)
{
    if (*pointer++ != '/') {
        return NULL;
    }
    const size_t len = strcspn(pointer, "/");
    char *token = malloc(len + 1);
    size_t out = 0;
    for (size_t i = 0; token != NULL && i < len; i++) {
        char c = pointer[i];
        if (c == '~') {
            c = pointer[i + 1] == '0' ? '~' : '/';
            if (pointer[i + 1] != '0' && pointer[i + 1] != '1') {
                free(token);
                return NULL;
            }
            i++;
        }
        token[out++] = c;
    }
    if (token == NULL) {
        return NULL;
    }
    token[out] = '\0';
    *ret_token = token;
    return pointer + len;
}

/* @return false: not an index without leading zeros */
static bool parse_index(const char *token, size_t *ret_index)
{
    int64_t value = 0;
    if (token[0] < '0' || token[0] > '9' || (token[0] == '0' && token[1] != '\0') ||
        !pf_sv_to_i64(pf_sv_from(token), &value)) {
        return false;
    }
    *ret_index = (size_t)value;
    return true;
}

static json_t *child(const json_t *parent, const char *token)
{
    size_t index = 0;
    if (json_is_array(parent)) {
        return parse_index(token, &index) ? json_array_get(parent, index) : NULL;
    }
    return json_object_get(parent, token);
}

static const char *change_array(json_t *parent, const char *op, const char *token, json_t *value)
{
    size_t index = 0;
    const size_t size = json_array_size(parent);
    if (strcmp(op, "add") == 0 && strcmp(token, "-") == 0) {
        return json_array_append(parent, value) == 0 ? NULL : "cannot append";
    }
    if (!parse_index(token, &index) || index > size) {
        return "no such array index";
    }
    if (strcmp(op, "add") == 0) {
        return json_array_insert(parent, index, value) == 0 ? NULL : "cannot insert";
    }
    if (index == size) {
        return "no such array item";
    }
    const int failed = strcmp(op, "remove") == 0 ? json_array_remove(parent, index)
                                                 : json_array_set(parent, index, value);
    return failed == 0 ? NULL : "cannot change an array item";
}

static const char *change_object(json_t *parent, const char *op, const char *token, json_t *value)
{
    if (strcmp(op, "add") != 0 && json_object_get(parent, token) == NULL) {
        return "no such member";
    }
    const int failed = strcmp(op, "remove") == 0 ? json_object_del(parent, token)
                                                 : json_object_set(parent, token, value);
    return failed == 0 ? NULL : "cannot change a member";
}

static const char *change(json_t *document, const char *op, const char *pointer, json_t *value)
{
    json_t *parent = document;
    char *token = NULL;
    const char *why = "bad pointer";
    for (pointer = next_token(pointer, &token); pointer != NULL && *pointer != '\0';) {
        parent = child(parent, token);
        free(token);
        token = NULL;
        pointer = next_token(pointer, &token);
    }
    if (pointer != NULL) {
        why = "no such parent";
        if (json_is_array(parent)) {
            why = change_array(parent, op, token, value);
        } else if (json_is_object(parent)) {
            why = change_object(parent, op, token, value);
        }
    }
    free(token);
    return why;
}

static const char *apply_one(json_t *document, const json_t *operation)
{
    const char *op = json_string_value(json_object_get(operation, "op"));
    const char *path = json_string_value(json_object_get(operation, "path"));
    json_t *value = json_object_get(operation, "value");
    if (op == NULL || path == NULL) {
        return "an operation without op or path";
    }
    const bool removes = strcmp(op, "remove") == 0;
    if (!removes && strcmp(op, "add") != 0 && strcmp(op, "replace") != 0) {
        return "an operation that podfit must not write";
    }
    if ((value == NULL) != removes || json_object_size(operation) != (removes ? 2 : 3)) {
        return "members of an operation are missing, or are too many";
    }
    json_t *copy = json_deep_copy(value);
    const char *why = change(document, op, path, copy);
    json_decref(copy);
    return why;
}

bool json_patch_apply(json_t *document, const json_t *patch, const char **ret_why)
{
    size_t i;
    json_t *operation;
    if (!json_is_array(patch)) {
        *ret_why = "the patch is no array";
        return false;
    }
    json_array_foreach(patch, i, operation)
    {
        const char *why = apply_one(document, operation);
        if (why != NULL) {
            *ret_why = why;
            return false;
        }
    }
    return true;
}
