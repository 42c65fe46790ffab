#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "json_patch.h"
#include <podfit/mem.h>

static bool wrong(struct answer *answer, const char *what)
{
    if (answer->why[0] == '\0') {
        (void)snprintf(answer->why, sizeof(answer->why), "%s", what);
    }
    return false;
}

static int sextet(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

/* Four characters; strict: padding only where `last` allows it, unused bits zero. @return bytes written, 0 when wrong */
static size_t decode_group(const char *group, bool last, unsigned char *out)
{
    const int pad = last ? (group[3] == '=') + (group[3] == '=' && group[2] == '=') : 0;
    unsigned bits = 0;
    for (int i = 0; i < 4; i++) {
        const int value = i >= 4 - pad ? 0 : sextet(group[i]);
        if (value < 0) {
            return 0;
        }
        bits = bits << 6 | (unsigned)value;
    }
    if ((pad == 1 && (bits & 0xFF) != 0) || (pad == 2 && (bits & 0xFFFF) != 0)) {
        return 0;
    }
    for (int i = 0; i < 3 - pad; i++) {
        out[i] = (unsigned char)(bits >> (16 - 8 * i));
    }
    return (size_t)(3 - pad);
}

static char *base64_decode(const char *text)
{
    const size_t len = strlen(text);
    char *out = pf_mem_calloc(len + 1, 1);
    size_t at = 0;
    if (out == NULL || len == 0 || len % 4 != 0) {
        free(out);
        return NULL;
    }
    for (size_t i = 0; i < len; i += 4) {
        const size_t got = decode_group(text + i, i + 4 == len, (unsigned char *)out + at);
        if (got == 0) {
            free(out);
            return NULL;
        }
        at += got;
    }
    out[at] = '\0';
    return out;
}

static bool is_text(const json_t *object, const char *key, const char *text)
{
    const char *have = json_string_value(json_object_get(object, key));
    return have != NULL && strcmp(have, text) == 0;
}

static bool read_patch(struct answer *answer)
{
    const json_t *patch = json_object_get(answer->response, "patch");
    const json_t *type = json_object_get(answer->response, "patchType");
    if (patch == NULL && type == NULL) {
        return true;
    }
    if (!json_is_string(patch) || !is_text(answer->response, "patchType", "JSONPatch")) {
        return wrong(answer, "patch and patchType 'JSONPatch' do not stand together");
    }
    answer->patch = base64_decode(json_string_value(patch));
    if (answer->patch == NULL) {
        return wrong(answer, "patch is not base64");
    }
    json_t *ops = json_loads(answer->patch, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const bool good = json_is_array(ops) && json_array_size(ops) != 0;
    json_decref(ops);
    return good || wrong(answer, "patch is not a JSON array with something in it");
}

static bool check_denial(struct answer *answer)
{
    const json_t *status = json_object_get(answer->response, "status");
    if (answer->allowed) {
        return status == NULL || wrong(answer, "an allowed pod has a status");
    }
    const char *message = json_string_value(json_object_get(status, "message"));
    if (json_integer_value(json_object_get(status, "code")) != 403 ||
        !is_text(status, "reason", "Forbidden") || message == NULL || message[0] == '\0') {
        return wrong(answer, "a denial without code 403, reason Forbidden and message");
    }
    return answer->patch == NULL || wrong(answer, "a denied pod has a patch");
}

static bool check_warnings(struct answer *answer)
{
    const json_t *warnings = json_object_get(answer->response, "warnings");
    size_t i;
    json_t *item;
    json_array_foreach(warnings, i, item)
    {
        const char *text = json_string_value(item);
        if (text == NULL || json_string_length(item) > 256 || text[0] == '\0') {
            return wrong(answer, "a warning is no text of 1 to 256 bytes");
        }
        for (; *text != '\0'; text++) {
            if ((unsigned char)*text < 0x20 || *text == 0x7F) {
                return wrong(answer, "a warning has a control character");
            }
        }
    }
    return warnings == NULL || json_is_array(warnings) || wrong(answer, "warnings is no array");
}

static bool check_audit(struct answer *answer)
{
    json_t *notes = json_object_get(answer->response, "auditAnnotations");
    const char *key;
    json_t *value;
    json_object_foreach(notes, key, value)
    {
        if (!json_is_string(value) || key[0] == '\0' || strlen(key) > 63 ||
            strspn(key, "abcdefghijklmnopqrstuvwxyz-") != strlen(key)) {
            return wrong(answer, "an audit annotation is no bare name with a text");
        }
    }
    return true;
}

static bool check_keys(struct answer *answer)
{
    static const char *const known[] = {"uid",       "allowed",  "status",          "patch",
                                        "patchType", "warnings", "auditAnnotations"};
    const char *key;
    json_t *value;
    json_object_foreach(answer->response, key, value)
    {
        size_t i = 0;
        while (i < PF_ARRAY_LEN(known) && strcmp(known[i], key) != 0) {
            i++;
        }
        if (i == PF_ARRAY_LEN(known)) {
            return wrong(answer, "a member of the response that the API does not know");
        }
    }
    return true;
}

bool answer_read(struct pf_sv text, struct pf_sv uid, struct answer *ret_answer)
{
    *ret_answer = (struct answer){0};
    struct answer *answer = ret_answer;
    answer->root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (!json_is_object(answer->root)) {
        return wrong(answer, "the response is no JSON object");
    }
    if (!is_text(answer->root, "kind", "AdmissionReview") ||
        !is_text(answer->root, "apiVersion", "admission.k8s.io/v1")) {
        return wrong(answer, "the response is no AdmissionReview v1");
    }
    answer->response = json_object_get(answer->root, "response");
    const json_t *echo = json_object_get(answer->response, "uid");
    const struct pf_sv echoed = {.ptr = json_string_value(echo), .len = json_string_length(echo)};
    if (echoed.ptr == NULL || (uid.ptr != NULL && !pf_sv_eq(echoed, uid))) {
        return wrong(answer, "the uid is not the one of the request");
    }
    const json_t *allowed = json_object_get(answer->response, "allowed");
    answer->allowed = json_is_true(allowed);
    return (json_is_boolean(allowed) || wrong(answer, "allowed is no boolean")) &&
           check_keys(answer) && read_patch(answer) && check_denial(answer) &&
           check_warnings(answer) && check_audit(answer);
}

void answer_done(struct answer *answer)
{
    json_decref(answer->root);
    free(answer->patch);
    answer->root = NULL;
    answer->patch = NULL;
}

char *answer_reinvoke(struct answer *answer, const struct json_t *review, const char *uid)
{
    json_t *copy = json_deep_copy(review);
    json_t *request = json_object_get(copy, "request");
    json_t *object = json_object_get(request, "object");
    const char *why = "no object to patch";
    bool applied = json_is_object(object);
    if (applied && answer->patch != NULL) {
        json_t *patch = json_loads(answer->patch, JSON_ALLOW_NUL, NULL);
        applied = json_patch_apply(object, patch, &why);
        json_decref(patch);
    }
    char *text = NULL;
    if (applied) {
        (void)json_object_set_new(request, "uid", json_string(uid));
        text = json_dumps(copy, JSON_COMPACT);
    } else {
        (void)wrong(answer, why);
    }
    json_decref(copy);
    return text;
}
