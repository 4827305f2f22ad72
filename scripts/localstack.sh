#!/usr/bin/env bash
# Prints the folder of a Python environment with LocalStack's KMS emulator, cached by version outside
# the repository; made when `--install` is given. Exits 3 and says why on stderr if there is none.
set -u
VERSION=4.11.1
folder="${NMP_CACHE:-$HOME/.cache/nmp-enclave}/localstack-$VERSION"
if [ -e "$folder/ready" ]; then
  echo "$folder"
  exit 0
fi
if [ "${1:-}" != --install ]; then
  echo "LocalStack $VERSION is not installed: make test-kms" >&2
  exit 3
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
  echo 'Python 3.11 or newer is missing' >&2
  exit 3
}
mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"
flock 9
if [ ! -e "$folder/ready" ]; then
  echo "· LocalStack $VERSION (about two minutes, once)" >&2
  rm -rf "$folder"
  { python3 -m venv "$folder" && "$folder/bin/pip" install -q --disable-pip-version-check \
    "localstack-core[runtime]==$VERSION" 'cbor2<5.8' cryptography==44.0.3 service_identity==24.2.0 \
    moto-ext==5.1.20.post22; } >&2 || {
    echo "LocalStack $VERSION cannot be installed" >&2
    exit 3
  }
  # Its call of uuid.uuid5 with bytes is for Python 3.12.
  cat > "$("$folder/bin/python" -c 'import site; print(site.getsitepackages()[0])')/sitecustomize.py" <<'PY'
import hashlib
import sys
import uuid

if sys.version_info < (3, 12):
    _uuid5 = uuid.uuid5

    def uuid5(namespace, name):
        if not isinstance(name, bytes):
            return _uuid5(namespace, name)
        return uuid.UUID(bytes=hashlib.sha1(namespace.bytes + name).digest()[:16], version=5)

    uuid.uuid5 = uuid5
PY
  touch "$folder/ready"
fi
echo "$folder"
