#ifndef PODFIT_VALUE_SCAN_H
#define PODFIT_VALUE_SCAN_H

/**
 * Internal to kube: find the end of one JSON value whose bytes come in pieces. It counts brackets outside strings and checks nothing else: who decodes the value
 * checks it. No memory is held; time is linear in the bytes passed.
 */

#include <stdbool.h>
#include <stdint.h>

/** Where the scan stands. Zero it before a value begins. */
struct pf_value_scan {
    uint64_t depth; /**< brackets that are open */
    bool begun;     /**< the first byte was seen */
    bool text;      /**< inside a string */
    bool escaped;   /**< the next byte belongs to an escape */
};

/**
 * Go on with the bytes [p, end).
 *
 * @param p  at the value's first byte (no white space) when the scan is zeroed, else at the byte after those seen before
 * @return the place after the value: behind its closing quote or bracket; of a number or literal the byte that cannot belong to it. NULL: it goes on after @p end
 */
const char *pf_value_scan(struct pf_value_scan *scan, const char *p, const char *end);

#endif
