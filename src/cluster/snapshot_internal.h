#ifndef PODFIT_SNAPSHOT_INTERNAL_H
#define PODFIT_SNAPSHOT_INTERNAL_H

/** Loading of a snapshot: a source of bytes, two readers (JSON, YAML) that cut it into objects, and one table that says what becomes of an object. */

#include <podfit/buf.h>
#include <podfit/snapshot.h>

/* ---- snapshot_source.c ---- */

/** Bytes of a file or of memory; what was read to find out the format can be read again. */
struct pf_source {
    const char *name; /**< for messages */
    int fd;           /**< -1: memory */
    bool seekable;
    struct pf_sv bytes; /**< memory */
    uint64_t start;     /**< where the snapshot begins in a file that can seek */
    uint64_t offset;    /**< of the next read, from there */
    char peeked[4096];  /**< bytes of a file that cannot seek, read by pf_source_first() */
    size_t peeked_len;
    size_t peeked_at;
};

/** Read up to @p cap bytes; 0 is the end. Its type is pf_yaml_read_fn. @return PF_OK or PF_E_IO */
enum pf_code pf_source_read(void *opaque, char *bytes, size_t cap, size_t *ret_len,
                            struct pf_err *err);
/** Go back to @p offset. @return PF_OK, or PF_E_UNSUPPORTED for a pipe */
enum pf_code pf_source_seek(struct pf_source *source, uint64_t offset, struct pf_err *err);
/** The first byte that is not white space or part of a byte order mark, '\0' when there is none; nothing is consumed. @return PF_OK or PF_E_IO */
enum pf_code pf_source_first(struct pf_source *source, char *ret_byte, struct pf_err *err);

/* ---- snapshot_item.c ---- */

/** What is known of the list an object stands in; views are borrowed. */
struct pf_snapshot_list {
    struct pf_sv api_version;
    struct pf_sv kind; /**< empty: not known */
};

/** One load. */
struct pf_snapshot_load {
    struct pf_model *model;
    struct pf_source *source;
    struct pf_snapshot_stats stats;
    struct pf_arena arena; /**< of one object */
    uint64_t item;         /**< number of the object, from 1; counted through lists in lists */
    unsigned depth;        /**< lists in lists around the present object */
};

/** Kind and apiVersion of one object, as far as it says so itself. */
struct pf_snapshot_head {
    struct pf_sv api_version;
    struct pf_sv kind;
    struct pf_sv namespace_;
    struct pf_sv name;
};

/**
 * Take one object over into the model. Resets the load's arena.
 *
 * @param json  one JSON value
 * @param list  the list it stands in, or NULL
 * @return PF_OK; PF_E_NOT_FOUND: it has no kind and the list's is not known (nothing was done); others as pf_snapshot_load(), with the text complete
 */
enum pf_code pf_snapshot_item(struct pf_snapshot_load *load, struct pf_sv json,
                              const struct pf_snapshot_list *list, struct pf_err *err);

/* ---- snapshot_objects.c ---- */

/** Take over an object of a kind in podfit/volumes.h. Takes the model's lock. @return PF_OK; PF_E_NOT_FOUND: of another kind (no text); others as pf_snapshot_item() */
enum pf_code pf_snapshot_object(struct pf_model *model, struct pf_arena *arena,
                                const struct pf_snapshot_head *head, struct pf_sv json,
                                struct pf_err *err);

/** Is it a kind that pf_snapshot_object() takes over? */
bool pf_snapshot_object_known(const struct pf_snapshot_head *head);

/* ---- feed.c: one decoder for files and for watches ---- */

/** Decode, then take over under the model's lock. @return as pf_feed_apply() */
enum pf_code pf_feed_apply_node(struct pf_model *model, struct pf_arena *arena, struct pf_sv json,
                                struct pf_err *err);
enum pf_code pf_feed_apply_pod(struct pf_model *model, struct pf_arena *arena, struct pf_sv json,
                               struct pf_err *err);
enum pf_code pf_feed_apply_namespace(struct pf_model *model, struct pf_arena *arena,
                                     struct pf_sv json, struct pf_err *err);

/* ---- the readers ---- */

enum pf_code pf_snapshot_json(struct pf_snapshot_load *load, struct pf_err *err);
enum pf_code pf_snapshot_yaml(struct pf_snapshot_load *load, struct pf_err *err);

#endif
