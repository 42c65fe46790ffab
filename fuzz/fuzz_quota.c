#include <stdlib.h>

#include <podfit/quota.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

/** What holds for every quota and every pair of limits. */
static void check(const struct pf_quota *quota, int64_t memory, int64_t cpu)
{
    for (unsigned i = 0; i < 16; i++) {
        const struct pf_quota_input input = {
            .has_memory_limit = (i & 1) != 0,
            .has_cpu_limit = (i & 2) != 0,
            .member = (i & 4) != 0,
            .floors = (i & 8) != 0,
            .memory_limit_bytes = memory,
            .cpu_limit_milli = cpu,
        };
        const struct pf_quota_result got = pf_quota_apply(quota, &input);
        const struct pf_quota_exact exact = pf_quota_exact(quota, &input);

        demand(got.memory_request_bytes >= 0 && got.memory_request_bytes <= got.memory_limit_bytes);
        demand(got.cpu_request_milli >= 0 && got.cpu_request_milli <= got.cpu_limit_milli);
        demand(got.memory_request_bytes != 0 || got.memory_limit_bytes == 0);
        demand(got.cpu_request_milli != 0 || got.cpu_limit_milli == 0);
        demand(exact.cpu_request_cores.den > 0 && exact.cpu_limit_cores.den > 0 &&
               exact.memory_request_units.den > 0 && exact.memory_limit_units.den > 0);
        demand(exact.cpu_request_cores.num >= 0 && exact.memory_request_units.num >= 0);
        if (input.has_memory_limit) {
            demand(got.memory_limit_bytes == memory);
        }
    }
}

/** The first byte chooses setting and mode; the rest is JSON. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pf_quota quota = pf_quota_default();
    struct pf_quota_problem problem = {0};
    const bool lenient = size != 0 && (data[0] & 1) != 0;
    const bool upgrades = size != 0 && (data[0] & 2) != 0;
    const struct pf_sv json = {.ptr = size != 0 ? (const char *)data + 1 : NULL,
                               .len = size != 0 ? size - 1 : 0};
    const enum pf_code code = upgrades ? pf_quota_parse_upgrades(json, lenient, &quota, &problem)
                                       : pf_quota_parse_defaults(json, lenient, &quota, &problem);

    demand(code == problem.err.code);
    if (code == PF_OK) {
        if (size % 2 == 0) {
            quota.memory_unit_bytes = 1000000;
        }
        check(&quota, 0, 0);
        check(&quota, 1, 1);
        check(&quota, (int64_t)size * 7919 * 1048576, (int64_t)size * 17);
        check(&quota, INT64_MAX, INT64_MAX);
    }
    return 0;
}
