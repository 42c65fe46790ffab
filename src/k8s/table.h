#ifndef PODFIT_K8S_TABLE_H
#define PODFIT_K8S_TABLE_H

/** Internal to k8s: objects whose fields are a table. For kinds that are read once in a while; a pod's own decoders are loops, because they are on the way of a review. */

#include "fields.h"

/** A field: what reads its value, or the table of the object it is. Others are skipped. */
struct pf_table_row {
    struct pf_sv key;
    void (*read)(struct pf_decode *d, void *at); /**< NULL: an object with rows */
    size_t offset;                               /**< of at, in the struct that is filled */
    const struct pf_table_row *rows;             /**< they fill the same struct */
    size_t count;
};

/** A value that @p read_ puts into @p member of @p type. */
#define PF_TABLE_VALUE(key_, read_, type, member)                                  \
    {                                                                              \
        .key = PF_SV_INIT(key_), .read = (read_), .offset = offsetof(type, member) \
    }
/** A value that @p read_ puts where it likes in the struct. */
#define PF_TABLE_PART(key_, read_)                \
    {                                             \
        .key = PF_SV_INIT(key_), .read = (read_), \
    }
/** An object of which only some fields count; null is an empty one. */
#define PF_TABLE_OBJECT(key_, rows_)                                            \
    {                                                                           \
        .key = PF_SV_INIT(key_), .rows = (rows_), .count = PF_ARRAY_LEN(rows_), \
    }

/** Fields of one table at most. */
#define PF_TABLE_ROWS_MAX 16

/** Readers for PF_TABLE_VALUE(): a struct pf_sv, bool, int32_t, struct pf_meta, struct pf_resource_list. null leaves them as they are. */
void pf_table_string(struct pf_decode *d, void *at);
void pf_table_bool(struct pf_decode *d, void *at);
void pf_table_i32(struct pf_decode *d, void *at);
void pf_table_meta(struct pf_decode *d, void *at);
void pf_table_resources(struct pf_decode *d, void *at);

/** Read the object that comes next; null is an empty one. @return whether it stood there as an object */
bool pf_table_read(struct pf_decode *d, const struct pf_table_row *rows, size_t count, void *part);

/**
 * Read a whole object, defaults given in @p part.
 *
 * @param part  what the rows fill; of no use on failure
 * @return PF_OK and what pf_decode_finish_whole() says
 */
enum pf_code pf_table_decode(struct pf_sv bytes, struct pf_arena *arena,
                             const struct pf_table_row *object, void *part,
                             struct pf_err *err) PF_MUST_CHECK;

#endif
