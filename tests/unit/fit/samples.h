#ifndef PODFIT_TEST_SAMPLES_H
#define PODFIT_TEST_SAMPLES_H

/** JSON of small objects, put together by the preprocessor. */

/** An incoming pod with these members of its spec. */
#define POD(spec) "{\"metadata\":{\"namespace\":\"ns\"},\"spec\":{" spec "}}"
/** One container with these requests. */
#define C(requests) "\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{" requests "}}}]"
/** A node with these members of its spec and of its allocatable. */
#define NODE(name, spec, allocatable)                                                     \
    "{\"metadata\":{\"name\":\"" name "\",\"labels\":{\"kubernetes.io/hostname\":\"" name \
    "\"}},\"spec\":{" spec "},\"status\":{\"allocatable\":{" allocatable "}}}"
/** A running pod on a node. */
#define BOUND(name, node, requests)                                                             \
    "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"" name "\"},\"spec\":{\"nodeName\":\"" node \
    "\"," C(requests) "},\"status\":{\"phase\":\"Running\"}}"
/** Allocatable of an ordinary node. */
#define ROOM "\"cpu\":\"4\",\"memory\":\"8Gi\",\"pods\":\"10\""

#endif
