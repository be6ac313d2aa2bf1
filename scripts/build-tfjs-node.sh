#!/usr/bin/env bash
# Builds @tensorflow/tfjs-node for the benchmarks, into DIR (.cache/tfjs-node by default), from package registries alone:
# npm has its JavaScript and C++, the tensorflow-cpu wheel on PyPI has the libraries and headers that its install script
# would load from elsewhere. Needs node with its headers, npm, python3 with pip, g++ and make; takes minutes and 2 GB.
#   scripts/build-tfjs-node.sh [DIR] [TENSORFLOW_VERSION]
set -euo pipefail
DIR=${1:-$(dirname "$0")/../.cache/tfjs-node}
TENSORFLOW=${2:-2.15.1}
WHEELS=${TF_WHEEL_CACHE:-$HOME/.cache/tfjs-node-build}
mkdir -p "$DIR" "$WHEELS"
cd "$DIR"
MODULE=$PWD/node_modules/@tensorflow/tfjs-node

[ -f package.json ] || echo '{"private":true,"dependencies":{"@tensorflow/tfjs-node":"4.22.0"}}' > package.json
[ -d "$MODULE" ] || npm install --ignore-scripts --no-audit --no-fund

# The wheel need not fit the local Python: it is only unpacked.
if ! ls "$WHEELS"/tensorflow_cpu-"$TENSORFLOW"-*.whl > /dev/null 2>&1; then
  python3 -m pip download -q --no-deps -d "$WHEELS" --only-binary :all: --implementation cp --python-version 3.11 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 --platform manylinux_2_27_x86_64 \
    "tensorflow-cpu==$TENSORFLOW"
fi
WHEEL=$(ls "$WHEELS"/tensorflow_cpu-"$TENSORFLOW"-*.whl | head -1)

# deps/include and deps/lib as the module's install script leaves them.
rm -rf "$MODULE/deps"
mkdir -p "$MODULE/deps/include" "$MODULE/deps/lib"
python3 - "$WHEEL" "$MODULE/deps" <<'PY'
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

cd "$MODULE"
# The headers of this node: where npm's `nodedir` says, or beside its binary.
NODEDIR=$(npm config get nodedir 2> /dev/null | grep -v -e undefined -e null || true)
[ -n "$NODEDIR" ] || NODEDIR=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
npm run --silent build-addon-from-source -- --nodedir="$NODEDIR" > build.log 2>&1 || { tail -40 build.log; exit 1; }
node -e 'const tf = require("."); console.log(`tfjs-node ${tf.version["tfjs-node"]}, backend ${tf.getBackend()}, 1 + 2 = ${tf.add(1, 2).dataSync()[0]}`)'
