#ifndef PODFIT_CHECK_INPUT_H
#define PODFIT_CHECK_INPUT_H

/** What `podfit check -f` reads: pods and recorded reviews, YAML or JSON, several documents, lists. */

#include <podfit/error.h>
#include <podfit/sv.h>

/** One pod or review; borrowed until the callback returns. */
struct pf_check_object {
    const char *place; /**< for messages: `pods.yaml, document 2, item 3` */
    bool review;       /**< json is an AdmissionReview; false: a Pod */
    struct pf_sv json;
};

/** @return PF_OK, or an error that stops the reading */
typedef enum pf_code (*pf_check_input_fn)(void *opaque, const struct pf_check_object *object,
                                          struct pf_err *err);

/**
 * Read a file, or the files of a folder that end in .json, .yaml or .yml in the order of their names, and hand out its objects in order. A text that begins with `{` is JSON (several values may follow each other), anything else YAML.
 *
 * @param path  file or folder, `-` for standard input
 * @return PF_OK; PF_E_NOT_FOUND, PF_E_IO; PF_E_INVALID (neither YAML nor JSON, nothing in it), PF_E_UNSUPPORTED (another kind; says which are allowed);
 *         PF_E_TOO_BIG (PF_CHECK_FILE_MAX_BYTES); PF_E_NO_MEMORY; what @p each returned
 */
enum pf_code pf_check_input_read(const char *path, pf_check_input_fn each, void *opaque,
                                 struct pf_err *err) PF_MUST_CHECK;

#endif
