#include <stdio.h>

#include <podfit/histogram.h>

void pf_histogram_add(struct pf_histogram *histogram, const struct pf_histogram_bounds *bounds,
                      int64_t sample)
{
    const int64_t value = sample > 0 ? sample : 0;
    size_t i = 0;
    while (i < bounds->count && value > bounds->bounds[i]) {
        i++;
    }
    atomic_fetch_add_explicit(&histogram->buckets[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum, (uint64_t)value, memory_order_relaxed);
}

void pf_histogram_write(struct pf_histogram *histogram, const struct pf_histogram_bounds *bounds,
                        struct pf_buf *buf)
{
    char name[96];
    pf_prom_family(buf, bounds->name, PF_PROM_HISTOGRAM, bounds->help);
    (void)snprintf(name, sizeof(name), "%s_bucket", bounds->name);
    uint64_t total = 0;
    for (size_t i = 0; i <= bounds->count; i++) {
        total += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        const struct pf_prom_label le = {
            .name = "le", .value = pf_sv_from(i < bounds->count ? bounds->texts[i] : "+Inf")};
        pf_prom_sample(buf, name, &le, 1, total);
    }
    const uint64_t sum = atomic_load_explicit(&histogram->sum, memory_order_relaxed);
    (void)snprintf(name, sizeof(name), "%s_sum", bounds->name);
    if (bounds->nano) {
        pf_prom_sample_nano(buf, name, NULL, 0, (int64_t)sum);
    } else {
        pf_prom_sample(buf, name, NULL, 0, sum);
    }
    (void)snprintf(name, sizeof(name), "%s_count", bounds->name);
    pf_prom_sample(buf, name, NULL, 0, total);
}
