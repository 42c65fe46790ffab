#ifndef PODFIT_LOG_H
#define PODFIT_LOG_H

/**
 * Structured log: one JSON object a line on stderr (or text on a terminal): time, level, module, message, key/value pairs. Hostile strings
 * are escaped. Thread-safe: a line is one write(2). Only server, cli and main log above debug; lower modules return errors.
 */

#include <stdbool.h>

#include <podfit/error.h>

enum pf_log_level {
    PF_LOG_ERROR,   /**< something was lost or refused to start */
    PF_LOG_WARNING, /**< podfit goes on, somebody should look */
    PF_LOG_INFO,    /**< starts, stops, reloads */
    PF_LOG_DEBUG,   /**< off by default */
};

/**
 * Set format and levels once, before threads start.
 *
 * @param spec  borrowed; as in PF_LOG: `info`, `debug`, or `admission=debug,tls=info`; NULL = info
 * @param json  false: text for a person
 * @return PF_OK or PF_E_INVALID with the offending part
 */
enum pf_code pf_log_configure(const char *spec, bool json, struct pf_err *err) PF_MUST_CHECK;

/** Is a line of this module and level written? */
bool pf_log_enabled(const char *module, enum pf_log_level level);

/** Write a line. @param module static name of the module */
void pf_log_write(const char *module, enum pf_log_level level, const char *format, ...)
    PF_PRINTF(3, 4);

#define pf_log_error(module, ...)   pf_log_write((module), PF_LOG_ERROR, __VA_ARGS__)
#define pf_log_warning(module, ...) pf_log_write((module), PF_LOG_WARNING, __VA_ARGS__)
#define pf_log_info(module, ...)    pf_log_write((module), PF_LOG_INFO, __VA_ARGS__)
#define pf_log_debug(module, ...)   pf_log_write((module), PF_LOG_DEBUG, __VA_ARGS__)

#endif
