/* Claims, volumes and the other objects of the volume filters: what is read of them, and hostile ones. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <podfit/limits.h>
#include <podfit/preemption.h>
#include <podfit/storage.h>

static struct pf_arena arena;

static int setup(void **state)
{
    (void)state;
    pf_arena_init(&arena, (size_t)1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pf_arena_done(&arena);
    return 0;
}

/* JSON is written with single quotes here. */
static struct pf_sv quote(const char *text)
{
    char *copy = pf_arena_dup(&arena, pf_sv_from(text));
    assert_non_null(copy);
    for (char *c = copy; *c != '\0'; c++) {
        if (*c == '\'') {
            *c = '"';
        }
    }
    return pf_sv_from(copy);
}

struct volume_row {
    const char *name;
    const char *spec; /* after labels */
    const char *labels;
    const char *handle; /* NULL: csi-translation-lib fails */
    const char *key;    /* of the first requirement after translation; NULL: none */
    const char *value;
};

#define IN(key)                                                                           \
    ",'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'" key \
    "','operator':'In','values':['z']}]}]}}"
#define GCE "'gcePersistentDisk':{'pdName':'d'}"

/* csi-translation-lib/plugins */
static const struct volume_row volumes[] = {
    {"csi", "'csi':{'driver':'x','volumeHandle':'h'}" IN("topology.kubernetes.io/zone"), "", "h",
     NULL, NULL},
    {"gce without zone", GCE, "", "projects/UNSPECIFIED/zones/UNSPECIFIED/disks/d", NULL, NULL},
    {"gce zonal", GCE, "'topology.kubernetes.io/zone':'u-c1-a'",
     "projects/UNSPECIFIED/zones/u-c1-a/disks/d", "topology.gke.io/zone", "u-c1-a"},
    {"gce regional", GCE, "'failure-domain.beta.kubernetes.io/zone':'u-c1-a__u-c1-b'",
     "projects/UNSPECIFIED/regions/u-c1/disks/d", "topology.gke.io/zone", "u-c1-a"},
    {"gce in two regions", GCE, "'topology.kubernetes.io/zone':'u-c1-a__u-c2-b'", NULL,
     "topology.gke.io/zone", "u-c1-a"},
    {"gce with a zone of another form", GCE, "'topology.kubernetes.io/zone':'a__b'", NULL,
     "topology.gke.io/zone", "a"},
    {"affinity before labels", GCE IN("topology.kubernetes.io/zone"),
     "'topology.kubernetes.io/zone':'u-c1-a'", "projects/UNSPECIFIED/zones/u-c1-a/disks/d",
     "topology.gke.io/zone", "z"},
    {"beta affinity", GCE IN("failure-domain.beta.kubernetes.io/zone"), "",
     "projects/UNSPECIFIED/zones/UNSPECIFIED/disks/d", "topology.gke.io/zone", "z"},
    {"ebs",
     "'awsElasticBlockStore':{'volumeID':'aws://us-a/vol-1'}" IN("topology.kubernetes.io/zone"), "",
     "vol-1", "topology.ebs.csi.aws.com/zone", "z"},
    {"ebs plain", "'awsElasticBlockStore':{'volumeID':'whatever'}", "", "whatever", NULL, NULL},
    {"ebs no volume", "'awsElasticBlockStore':{'volumeID':'aws://us-a/disk-1'}", "", NULL, NULL,
     NULL},
    {"ebs too deep", "'awsElasticBlockStore':{'volumeID':'aws://us-a/x/vol-1'}", "", NULL, NULL,
     NULL},
    {"cinder", "'cinder':{'volumeID':'c'}" IN("topology.kubernetes.io/zone"), "", "c",
     "topology.cinder.csi.openstack.org/zone", "z"},
    {"azure", "'azureDisk':{'diskURI':'u','kind':'mAnaged'}" IN("topology.kubernetes.io/zone"), "",
     "u", "topology.kubernetes.io/zone", "z"},
    {"azure unmanaged", "'azureDisk':{'diskURI':'u'}", "", NULL, NULL, NULL},
    {"portworx", "'portworxVolume':{'volumeID':'p'}", "", "p", NULL, NULL},
};

static bool check_volume(const struct volume_row *row)
{
    struct pf_volume volume = {0};
    struct pf_err err = {0};
    const char *json = pf_arena_printf(
        &arena, "{'metadata':{'name':'v','labels':{%s}},'spec':{%s}}", row->labels, row->spec);
    if (pf_volume_decode(quote(json), &arena, &volume, &err) != PF_OK) {
        print_error("%s: %s\n", row->name, err.text);
        return false;
    }
    const struct pf_node_selector *moved = &volume.moved_affinity;
    const struct pf_requirement *first =
        moved->term_count != 0 && moved->terms[0].expression_count != 0
            ? &moved->terms[0].expressions[0]
            : NULL;
    const bool same = (row->handle == NULL) == volume.untranslatable &&
                      (row->handle == NULL || pf_sv_eq_cstr(volume.handle, row->handle)) &&
                      (first == NULL) == (row->key == NULL) &&
                      (first == NULL || (pf_sv_eq_cstr(first->key, row->key) && first->valid &&
                                         pf_sv_eq_cstr(first->values[0], row->value)));
    if (!same) {
        print_error("%s: '%.*s'%s\n", row->name, PF_SV_ARG(volume.handle),
                    volume.untranslatable ? " untranslatable" : "");
    }
    return same;
}

static void test_volumes(void **state)
{
    (void)state;
    bool good = true;
    for (size_t i = 0; i < PF_ARRAY_LEN(volumes); i++) {
        good = check_volume(&volumes[i]) && good;
    }
    assert_true(good);
}

static void test_claim(void **state)
{
    (void)state;
    struct pf_claim claim = {0};
    assert_int_equal(
        pf_claim_decode(
            quote(
                "{'metadata':{'namespace':'n','name':'c','uid':'u','deletionTimestamp':'x','annotations':{'volume.beta.kubernetes.io/storage-class':'beta',"
                "'volume.kubernetes.io/selected-node':'','pv.kubernetes.io/bind-completed':'yes'},'ownerReferences':[{'uid':'no'},{'controller':true,'uid':'pod'}]},"
                "'spec':{'storageClassName':'s','volumeMode':'Block','accessModes':['ReadWriteOncePod','Odd'],'resources':{'requests':{'storage':'0.1m'}},'volumeName':'v',"
                "'selector':{'matchExpressions':[{'key':'a','operator':'Gt','values':['1']}]}},'status':{'phase':'Lost'}}"),
            &arena, &claim, NULL),
        PF_OK);
    assert_true(pf_sv_eq_cstr(claim.class_name, "beta"));
    assert_true(pf_sv_eq_cstr(claim.owner_uid, "pod"));
    assert_true(claim.has_selected_node && claim.selected_node.len == 0 && claim.bind_completed);
    assert_true(claim.block && claim.deleting && claim.lost && claim.selector_invalid);
    assert_int_equal(claim.access_modes, PF_ACCESS_READ_WRITE_ONCE_POD | PF_ACCESS_OTHER);
    assert_int_equal(pf_quantity_milli(&claim.request), 1); /* rounded up by API defaulting */
}

static void test_nodes_and_classes(void **state)
{
    (void)state;
    struct pf_csi_node node = {0};
    assert_int_equal(
        pf_csi_node_decode(
            quote(
                "{'metadata':{'name':'n','annotations':{'storage.alpha.kubernetes.io/migrated-plugins':'kubernetes.io/gce-pd,,kubernetes.io/cinder,x'}},"
                "'spec':{'drivers':[{'name':'a','allocatable':{'count':3}},{'name':'b','allocatable':null},{'name':'c','allocatable':{}}]}}"),
            &arena, &node, NULL),
        PF_OK);
    assert_int_equal(node.moved, 1U << PF_IN_TREE_GCE_DISK | 1U << PF_IN_TREE_CINDER);
    assert_int_equal(node.limit_count, 3);
    assert_true(node.limits[0].limited && node.limits[0].count == 3);
    assert_true(!node.limits[1].limited && !node.limits[2].limited);
    struct pf_storage_class class_ = {0};
    assert_int_equal(
        pf_storage_class_decode(
            quote(
                "{'metadata':{'name':'s'},'provisioner':'p','allowedTopologies':[{'matchLabelExpressions':[{'key':'z','values':['a']}]},{}]}"),
            &arena, &class_, NULL),
        PF_OK);
    assert_false(class_.wait_for_first_consumer);
    assert_int_equal(class_.topologies.term_count, 2);
    assert_true(class_.topologies.terms[0].expressions[0].valid);
    struct pf_storage_capacity capacity = {0};
    assert_int_equal(
        pf_storage_capacity_decode(
            quote("{'metadata':{'name':'c'},'capacity':'1Gi','maximumVolumeSize':'2Gi'}"), &arena,
            &capacity, NULL),
        PF_OK);
    assert_true(capacity.has_limit && !capacity.topology.present);
    assert_int_equal(pf_quantity_value(&capacity.limit), INT64_C(2) << 30);
}

/* The API server sends none of these. */
static void test_hostile(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum pf_code code;
    } rows[] = {
        {"[]", PF_E_INVALID},
        {"null", PF_E_INVALID},
        {"{'spec':1}", PF_E_INVALID},
        {"{'spec':{'accessModes':{}}}", PF_E_INVALID},
        {"{'spec':{'resources':{'requests':{'storage':true}}}}", PF_E_INVALID},
        {"{'spec':{'resources':{'requests':{'storage':'1e99999'}}}}", PF_E_TOO_BIG},
        {"{'spec':{'volumeName':'a','volumeName':'b'}}", PF_E_INVALID},
        {"{'spec':null,'status':null,'metadata':null}", PF_OK},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_claim claim = {.name = PF_SV_INIT("before")};
        const enum pf_code code = pf_claim_decode(quote(rows[i].json), &arena, &claim, NULL);
        if (code != rows[i].code) {
            fail_msg("%s: %s", rows[i].json, pf_code_name(code));
        }
        assert_true(code == PF_OK || pf_sv_eq_cstr(claim.name, "before"));
    }
}

static void test_preemption(void **state)
{
    (void)state;
    struct pf_priority_class priority_class = {.value = 7};
    struct pf_budget budget = {.allowed = 7};
    assert_int_equal(pf_priority_class_decode(
                         quote("{'metadata':{'name':'high'},'value':-9,'globalDefault':true,"
                               "'preemptionPolicy':'Never','description':'x'}"),
                         &arena, &priority_class, NULL),
                     PF_OK);
    assert_true(pf_sv_eq_cstr(priority_class.name, "high"));
    assert_int_equal(priority_class.value, -9);
    assert_true(priority_class.global_default && priority_class.never);
    assert_int_equal(
        pf_budget_decode(quote("{'metadata':{'namespace':'ns','name':'b'},'spec':{'minAvailable':1,"
                               "'selector':{'matchLabels':{'app':'x'}}},'status':{"
                               "'disruptionsAllowed':2,'disruptedPods':{'p1':null,'p2':"
                               "'2026-01-01T00:00:00Z'}}}"),
                         &arena, &budget, NULL),
        PF_OK);
    assert_true(pf_sv_eq_cstr(budget.namespace_, "ns") && pf_sv_eq_cstr(budget.name, "b"));
    assert_int_equal(budget.allowed, 2);
    assert_int_equal(budget.disrupted_count, 2);
    assert_true(pf_sv_eq_cstr(budget.disrupted[1], "p2"));
    assert_true(budget.selector.present && !budget.invalid);
    assert_int_equal(budget.selector.requirement_count, 1);
    assert_int_equal(pf_budget_decode(quote("{'spec':{'selector':{'matchExpressions':[{'key':'a',"
                                            "'operator':'Near'}]}}}"),
                                      &arena, &budget, NULL),
                     PF_OK);
    assert_true(budget.invalid);
    budget.allowed = 7;
    assert_int_equal(
        pf_budget_decode(quote("{'status':{'disruptionsAllowed':'2'}}"), &arena, &budget, NULL),
        PF_E_INVALID);
    assert_int_equal(budget.allowed, 7); /* untouched */
    assert_int_equal(
        pf_priority_class_decode(quote("{'value':3000000000}"), &arena, &priority_class, NULL),
        PF_E_INVALID);
    assert_int_equal(priority_class.value, -9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_volumes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_claim, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nodes_and_classes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_preemption, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
