#!/usr/bin/env bash
# Tests and measures on a machine with an NVIDIA GPU what pack.sh has gathered in the folder of this script.
#
#   usage: bash .gpu/run.sh [STEP...]      # info start tests readme train noise bench auto jax torch grid wide
#
# Without STEPs it runs all of them. Each has its limit, a failure does not stop the rest, and after BUDGET
# seconds, 465 unless set, the rest is skipped. OUT, .gpu/out unless set, gets table.txt, results.json and
# log.txt; the table is also printed at the end. JAX, PyTorch and scikit-learn are not needed: what they do is left out.
#
# In a rehearsal without a GPU DRIVER is the folder of the libraries that stand in for CUDA's, DEVICE (cpu) what
# JAX and PyTorch take, and EPOCHS and REPEATS are smaller.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
STEPS=$*
OUT=${OUT:-$here/out}
BUDGET=${BUDGET:-465}
EPOCHS=${EPOCHS:-4000}
REPEATS=${REPEATS:-30 300 3000}
DEVICE=${DEVICE:-cuda}
work=$(mktemp -d)
peers=$here/peers
bin=$(cat "$here/built")
mkdir -p "$OUT" "$work/out"
: > "$OUT/log.txt"
: > "$work/steps"
export here work bin
export PYTHONUNBUFFERED=1 CUDA_CACHE_PATH=$work/cache
export JAX_PLATFORMS=$DEVICE XLA_PYTHON_CLIENT_PREALLOCATE=false TF_CPP_MIN_LOG_LEVEL=3

wanted() { # $1: a step
  [ -z "$STEPS" ] || [[ " $STEPS " == *" $1 "* ]]
}

has() { # $1: a Python module
  python3 -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('$1') is None)" 2> /dev/null
}

step() { # $1: name, $2: seconds at most, then the command
  local name=$1 limit=$2 left=$((BUDGET - SECONDS)) begin=${EPOCHREALTIME/./} code tenths
  shift 2
  if [ "$left" -lt 5 ]; then
    printf '%s\tskipped\t0\n' "$name" >> "$work/steps"
    echo "-- $name: skipped, no time left"
    return
  fi
  timeout -k 5 $((limit < left ? limit : left)) "$@" > "$work/$name" 2>&1 < /dev/null
  code=$?
  tenths=$(((${EPOCHREALTIME/./} - begin) / 100000))
  printf '%s\t%s\t%d.%d\n' "$name" $code $((tenths / 10)) $((tenths % 10)) >> "$work/steps"
  { echo "== $name: $* (exit $code)"; tail -c 200000 "$work/$name"; echo; } >> "$OUT/log.txt"
  echo "-- $name: exit $code, $((tenths / 10)).$((tenths % 10)) s"
  [ $code = 0 ] || tail -n 4 "$work/$name" | cut -c1-300 | sed 's/^/     /'
}

# A binary of the pack.
cuda() {
  (
    [ -z "${DRIVER-}" ] || export LD_LIBRARY_PATH=$DRIVER
    exec bash "$here/with_libraries.sh" "$@"
  )
}

ours() { # $1: step, $2: limit, $3: program, then its flags
  local name=$1 limit=$2 program=$3
  shift 3
  step "$name" "$limit" bash -c 'cuda "$@"' cuda "$bin/$program" "$@" --no-plots --out "$work/out/$name"
}

peer() { # $1: step, $2: limit, $3: script, then its flags
  local name=$1 limit=$2 script=$3
  shift 3
  step "$name" "$limit" python3 "$peers/$script" --device "$DEVICE" "$@"
}

unpack() { # to where the tests look for the programs
  mkdir -p "$bin" && python3 -c '
import sys, tarfile
tarfile.open(sys.argv[1]).extractall(sys.argv[2], filter="data")' "$here/bin.tar.xz" "$bin"
}

info() {
  cat "$here/commit"
  python3 "$here/measure.py" versions
  nvidia-smi || true
  lscpu | grep -E '^(Model name|CPU\(s\))'
  cuda ldd "$bin/hidden_noise"
}

start() { # The first is cold: the driver compiles Candle's kernels, NVRTC ours.
  local TIMEFORMAT='start %R'
  for i in 1 2 3; do
    time cuda "$bin/hidden_noise" --device cuda --epochs 1 --no-plots --fresh --out "$work/out/start" ||
      return
  done
}

same_bits() { # $1: replicas, $2: epochs. The run of `train` once more.
  local first=$work/out/train_$1 again=$work/out/again file
  cuda "$bin/hidden_noise" --repeats "$1" --epochs "$2" --device cuda --no-plots --out "$again" || return
  for file in model.safetensors history.csv; do
    cmp "$first/$file" "$again/$file" || return
  done
  echo 'the same bits'
}

bench() {
  CRITERION_HOME=$work/criterion cuda "$bin/bench" --bench --noplot --sample-size 10 --warm-up-time 0.3 \
    --measurement-time 1 '^cuda/(noise|step/784)'
}

export -f cuda unpack info start same_bits bench
trap 'python3 "$here/report.py" "$work" "$EPOCHS" "$REPEATS" "$OUT"' EXIT

step unpack 60 bash -c unpack
wanted info && step info 60 bash -c info
wanted start && step start 90 bash -c start
wanted tests && step tests 100 bash -c "cd '$work' && CANDLE_NOISE_NEEDS_CUDA=1 cuda '$bin/tests' cuda:: --show-output"
if wanted readme; then
  few=$((EPOCHS < 300 ? EPOCHS : 300))
  ours readme_input 30 candle-noise input_noise --repeats 100 --epochs $few --device cuda
  ours readme_after 30 candle-noise hidden_noise --placement after-activation --repeats 100 --epochs $few \
    --device cuda
  ours readme_cnn 60 candle-noise cnn_noise --epochs 2 --repeats 2 --device cuda
  ours readme_lstm 60 candle-noise lstm_noise --epochs 2 --repeats 2 --device cuda
  ours readme_table 60 candle-noise grid_search --data "$here/data/penguins.csv.gz" --target species \
    --epochs 10 --repeats 2 --device cuda
fi
if wanted train; then
  for r in 1 $REPEATS; do
    ours "train_${r}_short" 60 hidden_noise --repeats "$r" --epochs $((EPOCHS / 10)) --device cuda
    ours "train_$r" 60 hidden_noise --repeats "$r" --epochs "$EPOCHS" --device cuda
    ours "base_${r}_short" 60 baseline --repeats "$r" --epochs $((EPOCHS / 10)) --device cuda
    ours "base_$r" 60 baseline --repeats "$r" --epochs "$EPOCHS" --device cuda
  done
  step again 40 bash -c "same_bits ${REPEATS%% *} $EPOCHS"
fi
if wanted noise && has torch; then
  step copy 30 python3 "$here/measure.py" copy "$DEVICE"
  peer torch_noise 40 torch_noise.py
fi
[ -x "$bin/bench" ] && wanted bench && step bench 80 bash -c bench
if wanted jax && has jax && has sklearn; then
  for r in $REPEATS; do # The first round compiles, and takes as long.
    peer "jax_$r" 60 jax_peer.py --stddev 0.1 --repeats "$r" --rounds 2 \
      --epochs $((r > 300 ? EPOCHS / 4 : EPOCHS))
  done
fi
if wanted torch && has torch && has sklearn; then
  for r in $REPEATS; do
    peer "torch_$r" 50 torch_batched.py --stddev 0.1 --repeats "$r" --rounds 2 \
      --epochs $((r > 300 ? EPOCHS / 8 : EPOCHS / 2))
  done
fi
wanted wide && has torch && has sklearn && peer torch_wide 70 torch_wide.py --epochs 100 --rounds 3
wanted grid && ours grid 60 grid_search --epochs "$EPOCHS" --device cuda
if wanted auto; then
  ours auto_1 40 hidden_noise --epochs "$EPOCHS" --device auto
  ours auto_3000 60 hidden_noise --repeats 3000 --epochs "$EPOCHS" --device auto
fi
! grep -qv $'\t0\t' "$work/steps"
