#!/usr/bin/env bash
# Puts Helm and the schemas of Kubernetes, each of one version, into the cache, once. The tests of the
# chart use them from there: test/support/helm.ts.
set -eu
HELM=3.22.0
SCHEMAS=1.37.0
cache="${NMP_CACHE:-$HOME/.cache/nmp-enclave}"
helm="$cache/helm-$HELM"
if [ ! -x "$helm/helm" ]; then
  command -v go >/dev/null || { echo 'skipped: Helm is compiled once, and Go is missing' >&2; exit 0; }
  echo "· helm $HELM (about five CPU minutes, once)" >&2
  GOBIN="$helm" GOFLAGS= go install "helm.sh/helm/v3/cmd/helm@v$HELM"
fi
schemas="$cache/kubernetes-validate-$SCHEMAS"
if [ ! -d "$schemas/kubernetes_validate" ]; then
  command -v python3 >/dev/null || { echo 'skipped: schemas of Kubernetes, without Python' >&2; exit 0; }
  echo "· schemas of Kubernetes (kubernetes-validate $SCHEMAS)" >&2
  python3 -m pip install -q --no-deps --require-hashes --target "$schemas.new" -r "$(dirname "$0")/schemas.txt"
  mv "$schemas.new" "$schemas"
fi
