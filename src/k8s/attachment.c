#include "table.h"
#include <podfit/storage.h>

struct part {
    struct pf_meta meta;
    struct pf_attachment attachment;
};

static const struct pf_table_row source_rows[] = {
    PF_TABLE_VALUE("persistentVolumeName", pf_table_string, struct part, attachment.volume_name),
};

static const struct pf_table_row spec_rows[] = {
    PF_TABLE_VALUE("attacher", pf_table_string, struct part, attachment.attacher),
    PF_TABLE_VALUE("nodeName", pf_table_string, struct part, attachment.node_name),
    PF_TABLE_OBJECT("source", source_rows),
};

static const struct pf_table_row rows[] = {
    PF_TABLE_VALUE("metadata", pf_table_meta, struct part, meta),
    PF_TABLE_OBJECT("spec", spec_rows),
};

enum pf_code pf_attachment_decode(struct pf_sv bytes, struct pf_arena *arena,
                                  struct pf_attachment *ret_attachment, struct pf_err *err)
{
    static const struct pf_table_row object = PF_TABLE_OBJECT("", rows);
    struct part part = {.meta = {.deleting = false}};
    const enum pf_code code = pf_table_decode(bytes, arena, &object, &part, err);
    if (code == PF_OK) {
        part.attachment.name = part.meta.name;
        *ret_attachment = part.attachment;
    }
    return code;
}
