#include "fleet_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

const char fleet_stranger[] =
    "{\"webhooks\":[{\"name\":\"a.podfit.io\",\"clientConfig\":{\"url\":\"https://a/\"}},"
    "{\"name\":\"b.podfit.io\",\"clientConfig\":{\"url\":\"https://b/\",\"caBundle\":\"Cg==\"}}]}";

bool fleet_all_ready(struct fleet *fleet)
{
    bool ready = true;
    for (size_t i = 0; i < FLEET_MAX; i++) {
        if (fleet->members[i].registration != NULL) {
            const struct pf_registration_stats stats = fleet_stats(fleet, i);
            ready = ready && stats.ready && stats.bundle_right;
        }
    }
    return ready;
}

uint64_t fleet_writes(struct fleet *fleet)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < FLEET_MAX; i++) {
        sum += fleet->members[i].registration != NULL ? fleet_stats(fleet, i).secret_writes : 0;
    }
    return sum;
}

bool fleet_has_problem(struct fleet *fleet)
{
    return fleet_stats(fleet, 0).problem[0] != '\0';
}

bool fleet_has_no_problem(struct fleet *fleet)
{
    return !fleet_has_problem(fleet);
}

bool fleet_has_written_twice(struct fleet *fleet)
{
    return fleet_writes(fleet) == 2;
}

void fleet_check_sound(struct fleet *fleet)
{
    assert_int_equal(fleet->worse, 0);
    assert_true(fleet_trusted(fleet));
}

void fleet_begin(struct fleet *fleet, size_t replicas)
{
    for (size_t i = 0; i < replicas; i++) {
        fleet_add(fleet, i, NAME);
    }
    fleet_until(fleet, fleet_all_ready, "readiness of all");
}

void fleet_jump(struct fleet *fleet, int64_t days)
{
    fleet->wall_ahead_ns += days * DAY_S * NS_PER_S;
}

void fleet_remember(struct fleet *fleet)
{
    pf_certset_done(&fleet->remembered);
    fleet_secret(fleet, &fleet->remembered);
}

bool fleet_has_another(struct fleet *fleet, enum pf_certset_part part)
{
    pf_autocertset struct pf_certset set = {0};
    fleet_secret(fleet, &set);
    return !pf_sv_eq(pf_certset_view(&set, part), pf_certset_view(&fleet->remembered, part));
}

bool fleet_has_another_leaf(struct fleet *fleet)
{
    return fleet_all_ready(fleet) && fleet_has_another(fleet, PF_CERTSET_TLS_CRT) &&
           fleet_trusted(fleet);
}

bool fleet_has_another_ca(struct fleet *fleet)
{
    return fleet_all_ready(fleet) && fleet_has_another(fleet, PF_CERTSET_CA_KEY) &&
           fleet_trusted(fleet);
}

bool fleet_has_another_bundle(struct fleet *fleet)
{
    return fleet_all_ready(fleet) && fleet_has_another(fleet, PF_CERTSET_BUNDLE) &&
           fleet_trusted(fleet);
}

bool fleet_serves_newest(struct fleet *fleet)
{
    pf_autocertset struct pf_certset set = {0};
    fleet_secret(fleet, &set);
    bool same = true;
    for (size_t i = 0; i < FLEET_MAX; i++) {
        same = same && (fleet->members[i].registration == NULL ||
                        pf_sv_eq(pf_buf_view(&fleet->members[i].served),
                                 pf_certset_view(&set, PF_CERTSET_TLS_CRT)));
    }
    return same;
}
