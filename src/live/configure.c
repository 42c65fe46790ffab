#include "live_internal.h"
#include <podfit/log.h>

/* @return the configuration for the server's version, owned; NULL: no memory */
static struct pf_config *adapt(struct pf_config *config, int minor, struct pf_err *err)
{
    struct pf_config *adapted = NULL;
    return pf_config_for_minor(config, minor, &adapted, err) == PF_OK ? adapted : NULL;
}

/* Do both read the same of a pod when it is applied? */
static bool reads_alike(const struct pf_fit_options *a, const struct pf_fit_options *b)
{
    const struct pf_kube_features *x = &a->features;
    const struct pf_kube_features *y = &b->features;
    bool alike = x->minor == y->minor && x->pod_level_resources == y->pod_level_resources &&
                 x->in_place_pod_level_resources == y->in_place_pod_level_resources &&
                 x->taint_comparison_operators == y->taint_comparison_operators &&
                 x->dra_extended_resource == y->dra_extended_resource &&
                 x->dynamic_resource_allocation == y->dynamic_resource_allocation &&
                 x->node_declared_features == y->node_declared_features &&
                 a->profile_count == b->profile_count;
    for (size_t i = 0; i < a->profile_count && alike; i++) {
        alike = pf_sv_eq(a->profiles[i].scheduler_name, b->profiles[i].scheduler_name);
    }
    return alike;
}

/* Pods keep what was read of them: read all again. */
static void read_pods_again(struct pf_live *live)
{
    for (size_t i = 0; i < live->follow_count; i++) {
        if (live->follows[i].spec->feed == PF_FEED_POD) {
            pf_log_info("live", "the configuration reads pods differently, listing them again");
            pf_reflector_relist(live->follows[i].reflector);
        }
    }
}

/* Once, until it has worked. @return false */
static bool tell_unused(struct pf_live *live, const struct pf_err *err)
{
    if (!live->config_unused) {
        pf_log_error("live", "the new configuration is not used for waiting pods yet: %s",
                     err->text);
    }
    live->config_unused = true;
    return false;
}

/* @return false: no memory, try again */
static bool use_config(struct pf_live *live, struct pf_config *config)
{
    struct pf_err err = {0};
    struct pf_fit *fit = NULL;
    struct pf_config *adapted = adapt(config, live->minor, &err);
    struct pf_fit_options options = {.clock = NULL};
    if (adapted != NULL) {
        options = adapted->fit;
        options.clock = live->options.clock;
    }
    if (adapted == NULL || pf_fit_new(live->options.model, &options, &fit, &err) != PF_OK) {
        pf_config_unref(adapted);
        return tell_unused(live, &err);
    }
    pf_model_lock(live->options.model);
    const enum pf_code code = pf_fit_tell_schedulers(live->options.model, &adapted->fit, &err);
    if (code == PF_OK) {
        pf_model_set_features(live->options.model, &adapted->fit.features);
        pf_fit_free(live->fit);
        live->fit = fit;
    }
    pf_model_unlock(live->options.model);
    if (code != PF_OK) {
        pf_fit_free(fit);
        pf_config_unref(adapted);
        return tell_unused(live, &err);
    }
    if (live->config != NULL && !reads_alike(&live->config->fit, &adapted->fit)) {
        read_pods_again(live);
    }
    pf_config_unref(live->config);
    live->config = adapted;
    live->changed = true;
    live->config_unused = false;
    return true;
}

/* Keep what could not be used, unless there is something newer. */
static void put_back(struct pf_live *live, struct pf_config *config)
{
    (void)pthread_mutex_lock(&live->shared.lock);
    const bool newer = live->shared.fresh != NULL;
    if (!newer) {
        live->shared.fresh = config;
    }
    (void)pthread_mutex_unlock(&live->shared.lock);
    if (newer) {
        pf_config_unref(config);
    }
}

void pf_live_configure_take(struct pf_live *live)
{
    (void)pthread_mutex_lock(&live->shared.lock);
    struct pf_config *fresh = live->shared.fresh;
    live->shared.fresh = NULL;
    (void)pthread_mutex_unlock(&live->shared.lock);
    if (fresh != NULL && use_config(live, fresh)) {
        pf_config_unref(fresh);
    } else if (fresh != NULL) {
        put_back(live, fresh);
    }
}
