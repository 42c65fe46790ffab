#include <podfit/human.h>
#include <podfit/limits.h>
#include <podfit/quota.h>

/** Memory for the member list of one setting; each member takes some 100 bytes and at least 4 characters. */
#define MEMBERS_ARENA_BYTES (PF_CONFIG_MAX_BYTES * 32)

/** How a key is read. */
enum key_type {
    KEY_NUMBER,  /**< struct pf_decimal, 0 or more */
    KEY_RATIO,   /**< struct pf_decimal, 1 or more */
    KEY_BOOL,    /**< bool */
    KEY_IGNORED, /**< a number of CoCalc's that decides nothing here */
};

/** One key of a setting. */
struct key {
    const char *name;
    enum key_type type;
    size_t offset;     /**< of the value in struct pf_quota */
    size_t has_offset; /**< of `has_x`, plus one; 0: none */
};

#define HAS(member_) (offsetof(struct pf_quota, member_) + 1)

static const struct key defaults_keys[] = {
    {"mem", KEY_NUMBER, offsetof(struct pf_quota, mem), HAS(has_mem)},
    {"mem_oc", KEY_RATIO, offsetof(struct pf_quota, mem_oc), HAS(has_mem_oc)},
    {"cpu", KEY_NUMBER, offsetof(struct pf_quota, cpu), HAS(has_cpu)},
    {"cpu_oc", KEY_RATIO, offsetof(struct pf_quota, cpu_oc), HAS(has_cpu_oc)},
    {"idle_timeout", KEY_NUMBER, offsetof(struct pf_quota, idle_timeout), 0},
    {"internet", KEY_BOOL, offsetof(struct pf_quota, internet), 0},
    {"disk_quota", KEY_NUMBER, offsetof(struct pf_quota, disk_quota), 0},
};

/* the keys after cpu_shares stand in CoCalc's own max_upgrades and limit nothing that podfit writes */
static const struct key upgrades_keys[] = {
    {"memory", KEY_NUMBER, offsetof(struct pf_quota, max_memory), 0},
    {"memory_request", KEY_NUMBER, offsetof(struct pf_quota, max_memory_request), 0},
    {"cores", KEY_NUMBER, offsetof(struct pf_quota, max_cores), 0},
    {"cpu_shares", KEY_NUMBER, offsetof(struct pf_quota, max_cpu_shares), 0},
    {"disk_quota", KEY_IGNORED, 0, 0},
    {"network", KEY_IGNORED, 0, 0},
    {"mintime", KEY_IGNORED, 0, 0},
    {"member_host", KEY_IGNORED, 0, 0},
    {"ephemeral_state", KEY_IGNORED, 0, 0},
    {"ephemeral_disk", KEY_IGNORED, 0, 0},
    {"always_running", KEY_IGNORED, 0, 0},
    {"ext_rw", KEY_IGNORED, 0, 0},
};

/** A setting: its keys and its name for messages. */
struct setting {
    const struct key *keys;
    size_t count;
    const char *allowed;
};

static const struct setting defaults_setting = {
    .keys = defaults_keys,
    .count = PF_ARRAY_LEN(defaults_keys),
    .allowed = "mem, mem_oc, cpu, cpu_oc, idle_timeout, internet, disk_quota",
};
static const struct setting upgrades_setting = {
    .keys = upgrades_keys,
    .count = PF_ARRAY_LEN(upgrades_keys),
    .allowed = "memory, memory_request, cores, cpu_shares",
};

static const char *kind_name(enum pf_json_kind kind)
{
    static const char *const names[] = {
        [PF_JSON_NONE] = "nothing",     [PF_JSON_NULL] = "null",       [PF_JSON_BOOL] = "a boolean",
        [PF_JSON_NUMBER] = "a number",  [PF_JSON_STRING] = "a string", [PF_JSON_ARRAY] = "a list",
        [PF_JSON_OBJECT] = "an object",
    };

    return names[kind];
}

static const char *type_allowed(enum key_type type)
{
    switch (type) {
    case KEY_RATIO:
        return "a number of 1 or more";
    case KEY_BOOL:
        return "true or false";
    case KEY_NUMBER:
    case KEY_IGNORED:
        break;
    }
    return "a number of 0 or more";
}

static int shown(struct pf_sv text)
{
    return text.len < 64 ? (int)text.len : 64;
}

/** Is the ratio below 1? */
static bool below_one(const struct pf_decimal *decimal)
{
    int64_t one = 1;

    for (unsigned i = 0; i < decimal->scale; i++) {
        one *= 10;
    }
    return decimal->digits < one;
}

static enum pf_code read_number(const struct key *key, const struct pf_human_member *member,
                                bool lenient, struct pf_decimal *ret_decimal, struct pf_err *err)
{
    struct pf_err why = {0};
    struct pf_decimal decimal = {0};
    struct pf_sv raw = member->raw;

    if (lenient && raw.len != 0 && raw.ptr[0] == '-') {
        raw = PF_SV("0"); /* a negative number counts as 0 in CoCalc's own maxima */
    }
    if (pf_decimal_parse(raw, &decimal, &why) != PF_OK) {
        return pf_err_set(err, why.code, "key '%s': %s", key->name, why.text);
    }
    if (key->type == KEY_RATIO && below_one(&decimal)) {
        if (!lenient) {
            return pf_err_set(err, PF_E_INVALID, "key '%s': '%.*s' is below 1, allowed: %s",
                              key->name, shown(raw), raw.ptr, type_allowed(key->type));
        }
        decimal = (struct pf_decimal){.digits = 1};
    }
    *ret_decimal = decimal;
    return PF_OK;
}

/** Read one member into @p quota. */
static enum pf_code read_member(const struct key *key, const struct pf_human_member *member,
                                bool lenient, struct pf_quota *quota, struct pf_err *err)
{
    const enum pf_json_kind wanted = key->type == KEY_BOOL ? PF_JSON_BOOL : PF_JSON_NUMBER;
    char *const base = (char *)quota;
    struct pf_decimal decimal = {0};
    enum pf_code code = PF_OK;

    if (member->kind != wanted) {
        if (lenient) {
            return PF_OK;
        }
        return pf_err_set(err, PF_E_INVALID, "key '%s': found %s, allowed: %s", key->name,
                          kind_name(member->kind), type_allowed(key->type));
    }
    if (key->type == KEY_BOOL) {
        const bool value = pf_sv_eq(member->raw, PF_SV("true"));

        memcpy(base + key->offset, &value, sizeof(value));
        return PF_OK;
    }
    code = read_number(key, member, lenient, &decimal, err);
    if (code != PF_OK || key->type == KEY_IGNORED) {
        return code;
    }
    memcpy(base + key->offset, &decimal, sizeof(decimal));
    if (key->has_offset != 0) {
        const bool has = true;

        memcpy(base + key->has_offset - 1, &has, sizeof(has));
    }
    return PF_OK;
}

static const struct key *find_key(const struct setting *setting, struct pf_sv name)
{
    for (size_t i = 0; i < setting->count; i++) {
        if (pf_sv_eq_cstr(name, setting->keys[i].name)) {
            return &setting->keys[i];
        }
    }
    return NULL;
}

/** Take `line 3, column 7: ` off a text of the json module and keep the numbers. */
static void take_position(struct pf_quota_problem *problem)
{
    static const char before[] = "line ";
    static const char between[] = ", column ";
    unsigned numbers[2] = {0};
    const char *at = problem->err.text;

    for (int i = 0; i < 2; i++) {
        const char *const lead = i == 0 ? before : between;

        if (strncmp(at, lead, strlen(lead)) != 0) {
            return;
        }
        at += strlen(lead);
        for (; *at >= '0' && *at <= '9' && numbers[i] < 100000000U; at++) {
            numbers[i] = numbers[i] * 10 + (unsigned)(*at - '0');
        }
    }
    if (at[0] != ':' || at[1] != ' ') {
        return;
    }
    problem->line = numbers[0];
    problem->column = numbers[1];
    memmove(problem->err.text, at + 2, strlen(at + 2) + 1);
}

static enum pf_code read_setting(const struct setting *setting, struct pf_sv json, bool lenient,
                                 struct pf_quota *quota, struct pf_quota_problem *problem)
{
    pf_autoarena struct pf_arena arena = {0};
    struct pf_human_member *members = NULL;
    struct pf_quota result = *quota;
    size_t count = 0;
    enum pf_code code = PF_OK;

    pf_arena_init(&arena, MEMBERS_ARENA_BYTES);
    code = pf_human_members(json, PF_CONFIG_MAX_BYTES, &arena, &members, &count, &problem->err);
    if (code != PF_OK) {
        take_position(problem);
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        const struct key *const key = find_key(setting, members[i].key);

        if (key != NULL) {
            code = read_member(key, &members[i], lenient, &result, &problem->err);
        } else if (!lenient) {
            code = pf_err_set(&problem->err, PF_E_INVALID, "unknown key '%.*s', allowed: %s",
                              shown(members[i].key), members[i].key.ptr, setting->allowed);
        }
        if (code != PF_OK) {
            problem->line = members[i].line;
            problem->column = members[i].column;
            return code;
        }
    }
    *quota = result;
    return PF_OK;
}

static enum pf_code parse(const struct setting *setting, struct pf_sv json, bool lenient,
                          struct pf_quota *quota, struct pf_quota_problem *ret_problem)
{
    struct pf_quota_problem problem = {0};
    const enum pf_code code = read_setting(setting, json, lenient, quota, &problem);

    if (code != PF_OK && ret_problem != NULL) {
        *ret_problem = problem;
    }
    return code;
}

enum pf_code pf_quota_parse_defaults(struct pf_sv json, bool lenient, struct pf_quota *quota,
                                     struct pf_quota_problem *ret_problem)
{
    return parse(&defaults_setting, json, lenient, quota, ret_problem);
}

enum pf_code pf_quota_parse_upgrades(struct pf_sv json, bool lenient, struct pf_quota *quota,
                                     struct pf_quota_problem *ret_problem)
{
    return parse(&upgrades_setting, json, lenient, quota, ret_problem);
}
