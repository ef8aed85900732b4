#!/usr/bin/env bash
# Builds the programs, the tests and the benches with CUDA, without a GPU, and gathers in .gpu what run.sh
# needs on a machine with an NVIDIA GPU and neither Rust nor a network.
#
#   usage: bash benches/gpu/pack.sh        # then, there: bash .gpu/run.sh
#
# Candle's kernels are made for CUDA_COMPUTE_CAP, 80 unless set, and later ones. PROFILE=dev packs a debug build
# without benches, for a rehearsal. The pack has at most 60 MB.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
profile=${PROFILE:-release}

begin=$SECONDS
say() { printf '%4d s  %s\n' $((SECONDS - begin)) "$*"; }

cargo fetch --locked --quiet
variables=$(bash "$here/toolchain.sh" "$PWD/target/cuda" lite)
eval "$variables"
built=$CARGO_TARGET_DIR/${profile/dev/debug}

# The executable of a test or bench, which has a hash in its name.
executable() { # $1: its kind, $2: its name; cargo's messages on stdin
  python3 -c '
import json, sys
kind, name = sys.argv[1:]
messages = map(json.loads, filter(None, map(str.strip, sys.stdin)))
found = [m["executable"] for m in messages
         if m.get("executable") and m["target"]["name"] == name and kind in m["target"]["kind"]]
print(*found[-1:])' "$1" "$2"
}

json=--message-format=json-render-diagnostics
say 'tests and programs' # The tests start the programs.
tests=$(cargo test --locked --profile "$profile" --features cuda --test tests --no-run $json |
  executable test tests)
[ -x "$tests" ] || { echo 'pack.sh: cargo named no tests' >&2; exit 1; }
bench=
if [ "$profile" = release ]; then
  say 'benches'
  bench=$(cargo bench --locked --features cuda --bench bench --no-run $json | executable bench bench)
  [ -x "$bench" ] || { echo 'pack.sh: cargo named no bench' >&2; exit 1; }
fi

say 'packing'
rm -rf .gpu
mkdir -p .gpu/bin .gpu/peers
for program in candle-noise baseline hidden_noise grid_search; do
  cp "$built/$program" .gpu/bin
done
cp "$tests" .gpu/bin/tests
[ -z "$bench" ] || cp "$bench" .gpu/bin/bench
strip -s .gpu/bin/*
# A window in which all of the programs lie: what they share is stored once.
tar -C .gpu/bin --sort=name --owner=0 --group=0 -cf - . | xz -T1 --lzma2=preset=1,dict=192MiB > .gpu/bin.tar.xz
rm -r .gpu/bin
cp "$here"/{run.sh,with_libraries.sh,measure.py,report.py} .gpu
cp benches/peers/*.py .gpu/peers
cp -r data .gpu/data
# Where the tests look for the programs: the path is compiled into them.
printf '%s\n' "$built" > .gpu/built
{ git rev-parse HEAD; git status --porcelain --untracked-files=no; rustc --version; } > .gpu/commit
size=$(du -sm .gpu | cut -f1)
say "$size MB in .gpu"
[ "$size" -le 60 ] || { echo "pack.sh: .gpu has $size MB, more than 60" >&2; exit 1; }
