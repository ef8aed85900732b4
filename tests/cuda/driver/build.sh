#!/usr/bin/env bash
# Makes the tests' CUDA driver and product in OUT, under the names of the libraries in STUBS. What the
# driver lacks of the functions there fails, as NVRTC expects it; elsewhere it does nothing.
#
#   usage: bash build.sh STUBS OUT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
stubs=$1 out=$2
mkdir -p "$out"

library() { # $1: soname, $2: what other functions return, $3: source, or none
  local objects=("$out/rest.o")
  : > "$out/own"
  if [ -n "${3-}" ]; then
    g++ -std=c++17 -O2 -ffp-contract=off -fno-exceptions -fPIC -c "$here/$3" -o "$out/own.o"
    nm "$out/own.o" | awk '$2 == "T" { print $3 }' | sort > "$out/own"
    objects+=("$out/own.o")
  fi
  nm -D --defined-only "$stubs/$1" | awk '$3 ~ /^cu/ { print $3 }' | sort -u | comm -23 - "$out/own" \
    | sed "s/.*/int &(void) { return $2; }/" > "$out/rest.c"
  gcc -w -O1 -fPIC -c "$out/rest.c" -o "$out/rest.o"
  gcc -shared -Wl,-Bsymbolic -Wl,-soname,"$1" -o "$out/$1" "${objects[@]}" -lm
}

library libcuda.so.1 801 driver.cpp # CUDA_ERROR_NOT_SUPPORTED
library libcublas.so.13 0 blas.cpp
library libcurand.so.10 0
rm "$out"/{own,own.o,rest.c,rest.o}
