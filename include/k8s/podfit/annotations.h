#ifndef PODFIT_ANNOTATIONS_H
#define PODFIT_ANNOTATIONS_H

/** Names of the annotations that podfit writes on pods, and reads back: docs/REWRITING.md. pf_meta_annotation() finds their values. */

/** What they all begin with. */
#define PF_ANNOTATION_PREFIX "podfit.io/"
/** The class that the pod is of. */
#define PF_ANNOTATION_CLASS PF_ANNOTATION_PREFIX "class"
/** The uid of the review that admitted it, which is the key of its reservation. */
#define PF_ANNOTATION_REVIEW PF_ANNOTATION_PREFIX "review"
/** What the requests were before they were rewritten. */
#define PF_ANNOTATION_REQUESTS PF_ANNOTATION_PREFIX "requests"
/** pf_verdict_name() */
#define PF_ANNOTATION_VERDICT PF_ANNOTATION_PREFIX "verdict"
/** Why it did not fit. */
#define PF_ANNOTATION_REASON PF_ANNOTATION_PREFIX "reason"

#endif
