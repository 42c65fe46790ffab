#ifndef PODFIT_FIT_DEVICE_CLASSES_H
#define PODFIT_FIT_DEVICE_CLASSES_H

/** Extended resources that DynamicResources allocates (scheduler-fit 7.6). Inside of the fit module; under the model's lock. */

#include <podfit/filter.h>

/** Mark the scalars of a prepared question for which a DeviceClass exists, and switch DynamicResources on when there is one. */
void pf_device_classes_mark(const struct pf_model *model, const struct pf_fit_options *options,
                            struct pf_question *question);

#endif
