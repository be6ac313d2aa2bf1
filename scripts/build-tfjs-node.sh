#!/usr/bin/env bash
# Builds @tensorflow/tfjs-node into DIR (.cache/tfjs-node by default), from package registries alone: npm has its
# JavaScript and C++, the tensorflow-cpu wheel on PyPI has the libraries and headers that its install script would load from
# elsewhere. It gets no copy of @tensorflow/tfjs of its own, but this repository's. Does nothing where that is done. Needs Linux
# on x86-64, node with its headers, npm, python3 with pip, g++ and make; takes a minute and 1 GB, and keeps the wheel
# (200 MB) in TF_WHEEL_CACHE (~/.cache/tfjs-node-build by default).
#   scripts/build-tfjs-node.sh [DIR] [TENSORFLOW_VERSION]
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
DIR=${1:-$ROOT/.cache/tfjs-node}
TENSORFLOW=${2:-2.15.1}
WHEELS=${TF_WHEEL_CACHE:-$HOME/.cache/tfjs-node-build}

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

[ "$(uname -sm)" = 'Linux x86_64' ] || fail "tfjs-node is built on Linux x86_64 only, and this is $(uname -sm)"
missing=()
for program in python3 g++ make; do command -v "$program" > /dev/null || missing+=("$program"); done
if command -v python3 > /dev/null && ! python3 -c 'import pip' 2> /dev/null; then missing+=(python3-pip); fi
[ "${#missing[@]}" -eq 0 ] || fail "building tfjs-node needs ${missing[*]}:" "  apt-get install ${missing[*]}"
# The headers of this node: where npm's `nodedir` says, or beside its binary.
NODEDIR=$(npm config get nodedir 2> /dev/null | grep -v -e undefined -e null || true)
[ -n "$NODEDIR" ] || NODEDIR=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
[ -f "$NODEDIR/include/node/node_api.h" ] ||
  fail "building tfjs-node needs the headers of node, and $NODEDIR/include/node has none:" \
    '  set npm_config_nodedir to the folder of a node that has them'
[ -d "$ROOT/node_modules/@tensorflow/tfjs" ] || fail "$ROOT/node_modules has no @tensorflow/tfjs: npm ci"

VERSION=$(node -p "require('$ROOT/node_modules/@tensorflow/tfjs/package.json').version")
mkdir -p "$DIR" "$WHEELS"
DIR=$(cd "$DIR" && pwd)
MODULE=$DIR/node_modules/@tensorflow/tfjs-node
NOTE=$DIR/made-from.txt
# The folders too: links and notes do not survive being moved.
WANTED="tfjs-node $VERSION with TensorFlow $TENSORFLOW
$MODULE
$ROOT"

# A product of matrices, computed by the one copy of TensorFlow.js that there is.
check() {
  (cd "$MODULE" && TF_CPP_MIN_LOG_LEVEL=1 node - "$ROOT/package.json") << 'JS'
const { createRequire } = require('node:module');
const { join } = require('node:path');
const ours = createRequire(process.argv[2]);
const built = createRequire(join(process.cwd(), 'package.json'));
if (built.resolve('@tensorflow/tfjs') !== ours.resolve('@tensorflow/tfjs')) {
  throw new Error(`tfjs-node has a copy of TensorFlow.js of its own: ${built.resolve('@tensorflow/tfjs')}`);
}
built('.');
const tf = ours('@tensorflow/tfjs');
const product = tf.matMul([[1, 2], [3, 4]], [[5], [6]]).dataSync();
if (tf.getBackend() !== 'tensorflow' || String(product) !== '17,39') {
  throw new Error(`the product of matrices is ${product} on the backend ${tf.getBackend()}`);
}
JS
}

if [ -f "$NOTE" ] && [ "$(cat "$NOTE")" = "$WANTED" ] && check 2> /dev/null; then
  echo "tfjs-node $VERSION is there already: $MODULE"
  exit 0
fi
rm -rf "$DIR"
mkdir -p "$DIR"

echo "Installing @tensorflow/tfjs-node $VERSION without its install script"
cd "$DIR"
echo "{\"private\":true,\"dependencies\":{\"@tensorflow/tfjs-node\":\"$VERSION\"}}" > package.json
npm install --ignore-scripts --no-audit --no-fund --loglevel=error

# The wheel need not fit the local Python: it is only unpacked.
wheel() { find "$WHEELS" -maxdepth 1 -name "tensorflow_cpu-$TENSORFLOW-*.whl" -print -quit; }
if [ -z "$(wheel)" ]; then
  echo "Downloading TensorFlow $TENSORFLOW, 200 MB"
  # Moved when whole: an interrupted download is none.
  rm -rf "$WHEELS/part"
  python3 -m pip download -q --disable-pip-version-check --no-deps -d "$WHEELS/part" --only-binary :all: \
    --implementation cp --python-version 3.11 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --platform manylinux_2_27_x86_64 "tensorflow-cpu==$TENSORFLOW" ||
    fail "tensorflow-cpu $TENSORFLOW cannot be downloaded: it needs PyPI"
  mv "$WHEELS"/part/*.whl "$WHEELS"
  rm -rf "$WHEELS/part"
fi

echo 'Unpacking its libraries and headers'
# deps/include and deps/lib as the module's install script leaves them.
mkdir -p "$MODULE/deps/include" "$MODULE/deps/lib"
python3 - "$(wheel)" "$MODULE/deps" << 'PY'
import os, re, shutil, sys, zipfile

wheel, deps = sys.argv[1:]
libraries = re.compile(r"tensorflow/libtensorflow_(cc|framework)\.so\.2")
headers = re.compile(
    r"tensorflow/include/(tensorflow/c/|tensorflow/compiler/xla/|tensorflow/core/platform/|xla/|tsl/|tensorflow/tsl/).*\.h"
)
unpacked = f"{deps}/unpacked"
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if libraries.fullmatch(name):
            with archive.open(name) as source, open(f"{deps}/lib/{os.path.basename(name)}", "wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        elif headers.fullmatch(name):
            archive.extract(name, unpacked)
for folder in ("tensorflow", "xla", "tsl"):
    if os.path.isdir(f"{unpacked}/tensorflow/include/{folder}"):
        shutil.move(f"{unpacked}/tensorflow/include/{folder}", f"{deps}/include/{folder}")
shutil.rmtree(unpacked)
PY
cd "$MODULE/deps/lib"
ln -sf libtensorflow_cc.so.2 libtensorflow.so
ln -sf libtensorflow_framework.so.2 libtensorflow_framework.so
# The name that the install script looks for.
ln -sf libtensorflow_cc.so.2 libtensorflow.so.2.9.1

echo 'Compiling the addon'
cd "$MODULE"
npm run --silent build-addon-from-source -- --nodedir="$NODEDIR" > build.log 2>&1 || {
  tail -40 build.log >&2
  fail "the addon cannot be compiled: $MODULE/build.log"
}

# Whoever loads it must find the copy of TensorFlow.js that everyone else imports.
for copy in "$DIR"/node_modules/@tensorflow/*; do [ "$copy" = "$MODULE" ] || rm -rf "$copy"; done
ln -s "$ROOT/node_modules/@tensorflow/tfjs" "$DIR/node_modules/@tensorflow/tfjs"

check || fail "tfjs-node was built but does not compute: $MODULE"
echo "$WANTED" > "$NOTE"
echo "tfjs-node $VERSION computes: $MODULE"
