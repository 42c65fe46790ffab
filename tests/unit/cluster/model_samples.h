#ifndef PODFIT_TEST_MODEL_SAMPLES_H
#define PODFIT_TEST_MODEL_SAMPLES_H

/** JSON of two nodes and of a pod, with single quotes. */

#define NODE_N1                                                                                  \
    "{'metadata':{'name':'n1','labels':{'kubernetes.io/hostname':'n1','zone':'a'}},"             \
    "'status':{'allocatable':{'cpu':'4','memory':'8Gi','ephemeral-storage':'10Gi','pods':'110'," \
    "'example.com/gpu':'2','hugepages-2Mi':'0'}}}"
#define NODE_N2                                                                      \
    "{'metadata':{'name':'n2','labels':{'kubernetes.io/hostname':'n2','zone':'a'}}," \
    "'status':{'allocatable':{'cpu':'2','memory':'4Gi','pods':'10'}}}"
#define CONTAINER(requests) "'containers':[{'name':'c','resources':{'requests':" requests "}}]"

#define META     "'metadata':{'namespace':'ns','name':'p','uid':'u1'}"
#define CPU_100M CONTAINER("{'cpu':'100m','memory':'1Gi'}")

#endif
