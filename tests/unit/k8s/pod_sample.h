#ifndef PODFIT_TEST_POD_SAMPLE_H
#define PODFIT_TEST_POD_SAMPLE_H

/** A pod with every field that podfit reads. */
static const char full_pod[] =
    "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"generateName\":\"g-\","
    "\"uid\":\"u\",\"resourceVersion\":\"7\",\"creationTimestamp\":\"2026-01-02T03:04:05Z\","
    "\"deletionTimestamp\":\"2026-01-02T03:04:06Z\","
    "\"labels\":{\"b\":\"2\",\"a\":\"1\",\"n\\u0061me\":\"x\\ny\"},"
    "\"annotations\":{\"other\":7,\"podfit.io/class\":\"c\",\"kubernetes.io/config.mirror\":\"h\"},"
    "\"ownerReferences\":[{\"kind\":\"No\",\"name\":\"no\",\"uid\":\"no\"},"
    "{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"name\":\"s\",\"uid\":\"su\","
    "\"controller\":true}],\"managedFields\":[{\"fieldsV1\":{\"f:x\":{}}}]},"
    "\"spec\":{\"containers\":[{\"name\":\"c0\",\"image\":\"i\",\"env\":[{\"name\":\"A\"}],"
    "\"resources\":{\"requests\":{\"cpu\":\"250m\",\"memory\":1e3},\"limits\":{\"cpu\":1}},"
    "\"ports\":[{\"containerPort\":80,\"hostPort\":8080,\"protocol\":\"UDP\",\"hostIP\":\"1.2.3.4\"},"
    "{\"containerPort\":81},{\"protocol\":\"SCTP\"},{\"protocol\":\"X\"}]},{\"name\":\"c1\"}],"
    "\"initContainers\":[{\"name\":\"i0\"},{\"name\":\"i1\",\"restartPolicy\":\"Always\"}],"
    "\"nodeName\":\"n1\",\"schedulerName\":\"mine\",\"priority\":-5,\"preemptionPolicy\":\"Never\","
    "\"hostNetwork\":true,\"nodeSelector\":{\"z\":\"1\",\"y\":\"\"},"
    "\"resources\":{\"requests\":{\"cpu\":2},\"limits\":{\"cpu\":3}},\"overhead\":{\"cpu\":\"1m\"},"
    "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{"
    "\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"k\",\"operator\":\"In\",\"values\":["
    "\"v\",\"w\"]},{\"key\":\"k\",\"operator\":\"Gt\",\"values\":[\"5\"]}]},{\"matchFields\":[{"
    "\"key\":\"metadata.name\",\"operator\":\"NotIn\",\"values\":[\"n\"]}]},{}]}}},"
    "\"tolerations\":[{\"key\":\"t\",\"operator\":\"Exists\",\"effect\":\"NoExecute\"},"
    "{\"key\":\"t\",\"value\":\"v\"},{\"operator\":\"Lt\",\"value\":\"3\"},{\"operator\":\"?\"}],"
    "\"schedulingGates\":[{\"name\":\"g1\"},{\"name\":\"g2\"}]},"
    "\"status\":{\"phase\":\"Running\",\"nominatedNodeName\":\"nn\",\"containerStatuses\":[{\"name\":"
    "\"c0\",\"resources\":{\"requests\":{\"cpu\":4}},\"allocatedResources\":{\"cpu\":5}}],"
    "\"initContainerStatuses\":[{\"name\":\"i1\"}],"
    "\"conditions\":[{\"type\":\"Ready\"},{\"type\":\"PodResizePending\",\"reason\":\"Infeasible\"}],"
    "\"resources\":{\"requests\":{\"cpu\":6}},\"allocatedResources\":{\"cpu\":7}}}";

#endif
