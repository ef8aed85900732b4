#!/usr/bin/env bash
# Runs a program built with CUDA on the libraries of the driver, of PyTorch's CUDA 13 wheels or of a CUDA 13
# toolkit, and names what is missing.
#
#   usage: bash with_libraries.sh PROGRAM [ARGUMENT...]
set -euo pipefail
folders=
for wheels in $(python3 -c 'import nvidia; print(*nvidia.__path__)' 2> /dev/null || true); do
  for folder in "$wheels"/cu13/lib "$wheels"/*/lib; do
    [ ! -d "$folder" ] || folders+=:$folder
  done
done
for folder in ${CUDA_HOME:+"$CUDA_HOME/lib64"} /usr/local/cuda/lib64 /usr/local/cuda-13.0/lib64 \
  /usr/local/nvidia/lib64 /usr/local/nvidia/lib; do
  [ ! -d "$folder" ] || folders+=:$folder
done
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-}${LD_LIBRARY_PATH:+:}${folders#:}
program=$(command -v "$1" || echo "$1")
missing=$(ldd "$program" 2> /dev/null | awk '/not found/ { print $1 }' || true)
for library in $missing; do
  case $library in
    libcuda.so.*) from="NVIDIA's driver, 580 or later" ;;
    libnvrtc.so.*) from='the CUDA 13 toolkit, or the wheel nvidia-cuda-nvrtc 13' ;;
    libcurand.so.*) from='the CUDA 13 toolkit, or the wheel nvidia-curand 10' ;;
    libcublas*) from='the CUDA 13 toolkit, or the wheel nvidia-cublas 13' ;;
    *) from='the package that has it' ;;
  esac
  echo "with_libraries.sh: $program needs $library: install $from" >&2
done
[ -z "$missing" ] || exit 127
exec "$@"
