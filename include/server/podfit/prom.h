#ifndef PODFIT_PROM_H
#define PODFIT_PROM_H

/**
 * Prometheus text format 0.0.4: HELP and TYPE once before the samples of a family, label values escaped (webhook practice S-13).
 * Source: prometheus.io/docs/instrumenting/exposition_formats. The caller keeps families together.
 */

#include <podfit/buf.h>

/** Content-Type of what is written. */
#define PF_PROM_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum pf_prom_type {
    PF_PROM_COUNTER,   /**< only grows; the name ends in _total */
    PF_PROM_GAUGE,     /**< goes up and down */
    PF_PROM_HISTOGRAM, /**< _bucket, _sum, _count */
};

/** One label; names are the caller's literals, values may hold anything. */
struct pf_prom_label {
    const char *name;
    struct pf_sv value;
};

/** Begin a family. @param help  one line, escaped here */
void pf_prom_family(struct pf_buf *buf, const char *name, enum pf_prom_type type, const char *help);

/** One sample. @param labels  may be NULL when @p count is 0 */
void pf_prom_sample(struct pf_buf *buf, const char *name, const struct pf_prom_label *labels,
                    size_t count, uint64_t value);

/** A value in units of 1/1,000,000,000 (seconds from nanoseconds), written exactly as a decimal fraction. */
void pf_prom_sample_nano(struct pf_buf *buf, const char *name, const struct pf_prom_label *labels,
                         size_t count, int64_t nano);

/** Family with one sample without labels. */
void pf_prom_single(struct pf_buf *buf, const char *name, enum pf_prom_type type, const char *help,
                    uint64_t value);
void pf_prom_single_nano(struct pf_buf *buf, const char *name, const char *help, int64_t nano);

/** Escape a label value: backslash, quote, newline; what is not UTF-8 becomes U+FFFD. */
void pf_prom_escape(struct pf_buf *buf, struct pf_sv text);

#endif
