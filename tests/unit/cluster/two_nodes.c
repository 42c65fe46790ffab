#include "two_nodes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int two_nodes_setup(void **state)
{
    const int failed = model_fixture_setup(state);
    return failed == 0 && model_fixture_node(*state, NODE("n1"), NULL) == PF_OK &&
                   model_fixture_node(*state, NODE("n2"), NULL) == PF_OK
               ? 0
               : -1;
}

void two_nodes_reserve(struct model_fixture *f, const char *uid, const char *json, const char *node)
{
    struct pf_err err = {0};
    const uint32_t slot = node != NULL ? model_fixture_slot(f, node) : PF_NODE_NONE;
    if (model_fixture_reserve(f, uid, json, slot, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    model_fixture_check(f);
}

uint32_t two_nodes_used_pods(const struct model_fixture *f, const char *node)
{
    return pf_model_columns(f->model)->used_pods[model_fixture_slot(f, node)];
}

uint32_t two_nodes_reservations(const struct model_fixture *f)
{
    return pf_model_stats(f->model).reservations;
}
