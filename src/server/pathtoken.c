#include <podfit/pathtoken.h>

static const struct pf_sv base_path = PF_SV_INIT("/mutate");

/* Not optimised away although nobody reads the bytes afterwards. */
static void wipe(char *bytes, size_t len)
{
    explicit_bzero(bytes, len);
}

void pf_pathtoken_init(struct pf_pathtoken *token)
{
    *token = (struct pf_pathtoken){.required = false};
    (void)pthread_mutex_init(&token->lock, NULL); /* cannot fail with default attributes */
}

void pf_pathtoken_done(struct pf_pathtoken *token)
{
    wipe(token->text, sizeof(token->text));
    (void)pthread_mutex_destroy(&token->lock);
}

static bool is_path_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

enum pf_code pf_pathtoken_set(struct pf_pathtoken *token, struct pf_sv text, struct pf_err *err)
{
    const struct pf_sv trimmed = pf_sv_trim(text);
    if (trimmed.len < PF_PATHTOKEN_MIN_BYTES || trimmed.len > PF_PATHTOKEN_MAX_BYTES) {
        return pf_err_set(err, PF_E_INVALID, "path token has %zu characters, allowed are %d to %d",
                          trimmed.len, PF_PATHTOKEN_MIN_BYTES, PF_PATHTOKEN_MAX_BYTES);
    }
    for (size_t i = 0; i < trimmed.len; i++) {
        if (!is_path_char(trimmed.ptr[i])) {
            return pf_err_set(err, PF_E_INVALID,
                              "path token has a character other than letters, digits and '-._~' "
                              "at position %zu",
                              i + 1);
        }
    }
    pthread_mutex_lock(&token->lock);
    wipe(token->text, sizeof(token->text));
    memcpy(token->text, trimmed.ptr, trimmed.len);
    token->len = trimmed.len;
    token->required = true;
    pthread_mutex_unlock(&token->lock);
    return PF_OK;
}

bool pf_pathtoken_matches(struct pf_pathtoken *token, struct pf_sv path)
{
    pthread_mutex_lock(&token->lock);
    bool same = false;
    if (!token->required) {
        same = pf_sv_eq(path, base_path);
    } else if (path.len > base_path.len + 1 && pf_sv_starts_with(path, base_path) &&
               path.ptr[base_path.len] == '/') {
        const char *given = path.ptr + base_path.len + 1;
        const size_t given_len = path.len - base_path.len - 1;
        /* as many steps whatever the first difference; only the length may show */
        unsigned char difference = given_len == token->len ? 0 : 1;
        for (size_t i = 0; i < token->len; i++) {
            const char c = given[i < given_len ? i : 0];
            difference = (unsigned char)(difference | (unsigned char)(c ^ token->text[i]));
        }
        same = difference == 0;
    }
    pthread_mutex_unlock(&token->lock);
    return same;
}
