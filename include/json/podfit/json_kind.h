#ifndef PODFIT_JSON_KIND_H
#define PODFIT_JSON_KIND_H

/** The kinds of a JSON value (RFC 8259 section 3). */
enum pf_json_kind {
    PF_JSON_NONE =
        0, /**< there is no value here: end of text, a fault, or a byte that starts no value */
    PF_JSON_NULL,   /**< null */
    PF_JSON_BOOL,   /**< true or false */
    PF_JSON_NUMBER, /**< a number */
    PF_JSON_STRING, /**< a string */
    PF_JSON_ARRAY,  /**< [ ... ] */
    PF_JSON_OBJECT, /**< { ... } */
};

#endif
