#ifndef PODFIT_ERROR_H
#define PODFIT_ERROR_H

/**
 * Errors of podfit: a code that is returned and a text that the caller owns. A refusal of a pod is not an error, it is a value.
 * Nothing here allocates; all functions are thread-safe as long as two threads do not share one struct pf_err.
 */

#include <stddef.h>

#include <podfit/macro.h>

/** What went wrong; 0 is success, every failure is negative. */
enum pf_code {
    PF_OK = 0,
    PF_E_NO_MEMORY = -1,   /**< an allocation failed or an arena reached its limit */
    PF_E_INVALID = -2,     /**< input is not what its format demands */
    PF_E_TOO_BIG = -3,     /**< input is over one of our limits (limits.h) */
    PF_E_RANGE = -4,       /**< a number or quantity that cannot be represented */
    PF_E_UNSUPPORTED = -5, /**< well formed, but nothing podfit can handle */
    PF_E_NOT_FOUND = -6,   /**< no such file, object, key or name */
    PF_E_EXISTS = -7,      /**< is there already */
    PF_E_IO = -8,          /**< the operating system refused; errno_value says why */
    PF_E_STATE = -9,       /**< not possible in this state, for example not yet synced */
    PF_E_INTERNAL = -10,   /**< a fault of podfit */
};

/** Longest error text in bytes, final NUL included. Room for a path, a key and a sentence. */
#define PF_ERR_TEXT_BYTES 640

/** One failure. Zero-initialise it (`struct pf_err err = {0};`). */
struct pf_err {
    enum pf_code code;
    int errno_value; /**< errno at the failure, 0 if the operating system was not involved */
    char text[PF_ERR_TEXT_BYTES];
};

/**
 * Record a failure and return its code. The first failure wins: a record that holds one is left alone.
 *
 * @param err   may be NULL
 * @param code  negative
 * @return @p code
 */
enum pf_code pf_err_set(struct pf_err *err, enum pf_code code, const char *format, ...)
    PF_PRINTF(3, 4);

/** As pf_err_set(), with @p errno_value kept and its text appended as `: No such file or directory`. */
enum pf_code pf_err_set_errno(struct pf_err *err, enum pf_code code, int errno_value,
                              const char *format, ...) PF_PRINTF(4, 5);

/**
 * Put what a module was doing in front of the text: `cannot read snapshot 'x': not JSON`. Each module boundary does so once.
 *
 * @return the code the record holds
 */
enum pf_code pf_err_wrap(struct pf_err *err, enum pf_code code, const char *format, ...)
    PF_PRINTF(3, 4);

/** Forget the failure. */
void pf_err_clear(struct pf_err *err);

/** Short lower-case name of a code for logs and metrics, such as `too-big`. Static string, never NULL. */
const char *pf_code_name(enum pf_code code);

#endif
