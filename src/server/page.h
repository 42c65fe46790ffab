#ifndef PODFIT_PAGE_H
#define PODFIT_PAGE_H

/** Inside the server: the status page, filled from the JSON of /stats. */

#include <podfit/buf.h>
#include <podfit/exchange.h>
#include <podfit/template.h>

/** The template as it stands in src/server/page/page.html. Static. */
struct pf_sv pf_page_template(void);

#define PF_PAGE_POLICY_BYTES PF_EXCHANGE_POLICY_BYTES
/** Characters of a nonce. */
#define PF_PAGE_NONCE_BYTES 33

/** A nonce nobody can foretell, and the policy that allows what carries it and nothing else. */
void pf_page_policy(char nonce[PF_PAGE_NONCE_BYTES], char policy[PF_PAGE_POLICY_BYTES]);

/**
 * Append the page.
 *
 * @param stats        JSON of /stats: an object that is not empty
 * @param nonce        of pf_page_policy()
 * @param now_wall_ns  against which times are told
 * @return PF_OK; PF_E_INVALID (not JSON, or the template is broken: a fault of ours), PF_E_NO_MEMORY, PF_E_TOO_BIG
 */
enum pf_code pf_page_render(struct pf_sv stats, const char *nonce, int64_t now_wall_ns,
                            struct pf_buf *buf, struct pf_err *err) PF_MUST_CHECK;

/** page_filter.c: the filters of the template, into @p filters. @return how many */
#define PF_PAGE_FILTERS_MAX 12
size_t pf_page_filters(int64_t now_wall_ns, struct pf_template_filter filters[PF_PAGE_FILTERS_MAX]);

#endif
