// Modules whose CustomResourceDefinitions the manifests are tried against (tests/e2e/cluster/crds.py). Nothing is compiled.
module podfit.io/podfit/tests/crds

go 1.26.0

require github.com/cert-manager/cert-manager v1.21.2
