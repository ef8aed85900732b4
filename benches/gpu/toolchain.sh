#!/usr/bin/env bash
# Makes a CUDA 13.0 toolkit of Python wheels, with which `cargo build --features cuda` works on a Linux x86_64
# machine without GPU, driver and CUDA toolkit. What is there already is not made again.
#
#   usage: variables=$(bash toolchain.sh DIR [MODE]) && eval "$variables"
#
#   MODE    what it gives                                                    download  on disk
#   check   a stand-in for nvcc, and for the libraries: `cargo clippy`, and   0         1 MB
#           `cargo test` on the CPU with the CUDA code compiled in
#   lite    nvcc, headers, libcudart, libnvrtc; stand-ins for the rest.       186 MiB   380 MB
#           Without Candle's kernels for quantized and mixture-of-experts
#           models, which take four of five minutes of nvcc
#   link    as lite, with all of Candle's kernels                             (as lite)
#   full    as link, with the real libcublas, libcublasLt, libcurand          646 MiB   1.1 GB
#
# Programs built by lite, link and full run on a machine with a GPU: they name libraries as libcublas.so.13 and
# take those found there. No wheel has libcuda. Its stand-in says that there is no device; with it a program
# starts here: LD_LIBRARY_PATH="$CUDA_STUB_PATH" ./program. Where there is a driver, keep CUDA_STUB_PATH away.
#
# Needs bash, gcc, binutils, python3 with pip (not for check), and the source of cudarc, which `cargo fetch` gets
# (not for full). Prints the variables on stdout, errors on stderr.
set -euo pipefail

base=${1:?usage: toolchain.sh DIR [check|lite|link|full]}
mode=${2:-lite}
case $mode in
  check|link|full) set=$mode;;
  lite) set=link;;
  *) echo "toolchain.sh: MODE is check, lite, link or full" >&2; exit 2;;
esac
[ "$(uname -sm)" = "Linux x86_64" ] || { echo "toolchain.sh: Linux x86_64 only" >&2; exit 2; }
mkdir -p "$base"; base=$(cd "$base" && pwd)
dir=$base/$set
home=$dir/cu13
python=${PYTHON:-python3}

# CUDA 13.0 update 2, as PyTorch 2.11 has it.
pins() {
  cat <<'PINS'
nvidia-cuda-nvcc==13.0.88    --hash=sha256:56fe502eb77625a12f25172caa3cdddb4e4c8ba2c8c17dba44b164761b380f03
nvidia-cuda-crt==13.0.88     --hash=sha256:2c8043c7c9e02492716426e9919fc78d2c5b3b2a7a768a88e952676b08aa55a4
nvidia-nvvm==13.0.88         --hash=sha256:c5f41ffeb6466944a026dfa5317d7d85355c119bbec279205d22f1869d1054e0
nvidia-cuda-runtime==13.0.96 --hash=sha256:7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548
nvidia-cuda-cccl==13.0.85    --hash=sha256:e0da7ad981f3a8aff08241b5bfc1af868742a63e2762f53a5171c492ef242649
nvidia-cuda-nvrtc==13.0.88   --hash=sha256:ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575
PINS
  if [ "$set" = full ]; then cat <<'PINS'
nvidia-cublas==13.1.0.3      --hash=sha256:ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171
nvidia-curand==10.4.0.35     --hash=sha256:1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc
PINS
  fi
}

unpack() { # the CUDA 13 wheels share one layout: nvidia/cu13/{bin,include,lib,nvvm}
  mkdir -p "$dir/tmp/wheels"
  pins >"$dir/tmp/req.txt"
  "$python" -m pip download -q --disable-pip-version-check --no-cache-dir --no-deps \
      --only-binary=:all: --require-hashes -r "$dir/tmp/req.txt" -d "$dir/tmp/wheels" >&2
  "$python" - "$dir" <<'PY'
import glob, os, shutil, sys, zipfile
d = sys.argv[1]
for w in sorted(glob.glob(d + "/tmp/wheels/*.whl")):
    with zipfile.ZipFile(w) as z:
        for i in z.infolist():
            if i.filename.startswith("nvidia/cu13/") and ".alt.so" not in i.filename:
                z.extract(i, d + "/tmp/x")
shutil.move(d + "/tmp/x/nvidia/cu13", d + "/cu13")
for p in glob.glob(d + "/cu13/bin/*") + glob.glob(d + "/cu13/nvvm/bin/*"):
    if os.path.isfile(p):
        os.chmod(p, 0o755)                      # zipfile does not set the x bits
PY
  (cd "$home/lib" && for f in lib*.so.*; do ln -sf "$f" "${f%%.so.*}.so"; done)
}

# A stub library. $1: link name, $2: SONAME, $3: what every call returns; symbols on stdin.
stub() {
  { echo 'typedef const char *S;'
    sort -u | while read -r s; do
      case $s in
        cuGetErrorName|cuGetErrorString)
          echo "int $s(int e, S *p) { (void)e; *p = \"CUDA stub library, no driver\"; return 0; }";;
        nvrtcGetErrorString|cublasGetStatus*|cublasLtGetStatus*)
          echo "S $s(int e) { (void)e; return \"CUDA stub library\"; }";;
        *) echo "int $s(void) { return $3; }";;
      esac
    done; } >"$dir/tmp/stub.c"
  gcc -w -O1 -shared -fPIC -Wl,-soname,"$2" -o "$home/lib/stubs/$2" "$dir/tmp/stub.c"
  ln -sf "$2" "$home/lib/stubs/$1"
}

cudarc_names() { # $1: module, $2: prefix. The functions that cudarc's bindings name.
  grep -ohE "pub unsafe fn $2[A-Za-z0-9_]*" "$cudarc/$1/sys/mod.rs" | awk '{print $4}'
}

cuda_h_names() { # all that cuda.h declares, in its three spellings (plain, _v2, _ptsz)
  local f
  for f in "" -D__CUDA_API_VERSION_INTERNAL -DCUDA_API_PER_THREAD_DEFAULT_STREAM; do
    gcc -E -P $f -I"$home/include" "$home/include/cuda.h" | tr '\n' ' ' |
      grep -oE '\bcu[A-Z][A-Za-z0-9_]* *\(' | tr -d ' ('
  done
}

fake_nvcc() { # for `check`: makes empty outputs of the right names
  cat >"$home/bin/nvcc" <<'NVCC'
#!/usr/bin/env bash
# Stands in for nvcc and compiles nothing.
set -euo pipefail
out= outdir= src= kind=
while [ $# -gt 0 ]; do
  case $1 in
    --version) printf '%s\n' 'nvcc: fake (toolchain.sh check)' 'no compiler' 'none' 'Cuda compilation tools, release 13.0, V13.0.88'; exit 0;;
    --list-gpu-code) printf 'sm_%s\n' 75 80 86 89 90 100 120; exit 0;;
    -c) kind=obj;; --ptx) kind=ptx;; --lib) kind=lib;;
    -o) out=$2; shift;; --output-directory) outdir=$2; shift;;
    *.cu) src=$1;;
  esac
  shift
done
case $kind in
  obj) gcc -x c -c -o "$out" /dev/null;;
  ptx) b=${src##*/}; printf '.version 9.0\n.target sm_90\n.address_size 64\n' >"$outdir/${b%.cu}.ptx";;
  lib) rm -f "$out"; ar crs "$out";;
  *) echo "fake nvcc: nothing known to do" >&2; exit 1;;
esac
NVCC
  chmod 755 "$home/bin/nvcc"
}

lite_nvcc() { # for `lite`: nvcc, but empty outputs for candle's GGUF and MoE kernels
  cat >"$home/bin/nvcc-lite" <<'NVCC'
#!/usr/bin/env bash
# nvcc, but for candle-kernels' quantised and mixture-of-experts files, which it leaves empty.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out= outdir= src= kind= arch=sm_90; prev=
for a in "$@"; do
  case $prev in -o) out=$a;; --output-directory) outdir=$a;; esac
  case $a in -c) kind=obj;; --ptx) kind=ptx;; *.cu) src=$a;; -gencode=*code=*) arch=${a##*code=};; esac
  prev=$a
done
b=${src##*/}
case $kind:$b in
  obj:moe_*.cu|obj:mmq_*.cu|obj:mmvq_gguf.cu) exec gcc -x c -c -o "$out" /dev/null;;
  ptx:quantized.cu) printf '.version 9.0\n.target %s\n.address_size 64\n' "$arch" >"$outdir/quantized.ptx"; exit;;
esac
exec "$here/nvcc" "$@"
NVCC
  chmod 755 "$home/bin/nvcc-lite"
}

want=$(sha256sum <"${BASH_SOURCE[0]}" | cut -d' ' -f1)
if [ "$(cat "$dir/.done" 2>/dev/null || true)" != "$want" ]; then
  cudarc=$(ls -d "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/cudarc-0.19.*/src 2>/dev/null | sort -V | tail -1 || true)
  if [ -z "$cudarc" ] && [ "$set" != full ]; then
    echo "toolchain.sh: cudarc 0.19's source is not in the cargo registry: run 'cargo fetch' first" >&2; exit 1
  fi
  rm -rf "$dir"; mkdir -p "$dir/tmp"
  if [ "$set" = check ]; then
    mkdir -p "$home/bin" "$home/lib" "$home/include"
    fake_nvcc
  else
    unpack
    lite_nvcc
  fi
  ln -sfn lib "$home/lib64"; mkdir -p "$home/lib/stubs"
  if [ "$set" = check ]; then
    cudarc_names driver cu | stub libcuda.so libcuda.so.1 100
    cudarc_names nvrtc nvrtc | stub libnvrtc.so libnvrtc.so.13 1
    echo cudaGetErrorString | stub libcudart.so libcudart.so.13 35
  else
    cuda_h_names | stub libcuda.so libcuda.so.1 100               # CUDA_ERROR_NO_DEVICE
  fi
  if [ "$set" != full ]; then
    cudarc_names cublas cublas | stub libcublas.so libcublas.so.13 1          # NOT_INITIALIZED
    cudarc_names cublaslt cublasLt | stub libcublasLt.so libcublasLt.so.13 1
    cudarc_names curand curand | stub libcurand.so libcurand.so.10 203        # INITIALIZATION_FAILED
  fi
  rm -rf "$dir/tmp"
  "$home/bin/nvcc" --version >/dev/null
  printf '%s\n' "$want" >"$dir/.done"
fi

nvcc=$home/bin/nvcc; [ "$mode" != lite ] || nvcc=$home/bin/nvcc-lite
# One target folder for each mode: cudaforge reuses candle's compiled kernels by source, target
# and flags alone, not by compiler, so in a shared folder the empty ones of `check` or `lite`
# would go into a later real build.
cat <<OUT
export CUDA_HOME='$home'
export CUDA_PATH='$home'
export NVCC='$nvcc'
export PATH='$home/bin':"\$PATH"
export CUDA_COMPUTE_CAP="\${CUDA_COMPUTE_CAP:-80}"
export CUDARC_CUDA_VERSION=13000
export CUDAFORGE_THREADS="\${CUDAFORGE_THREADS:-\$(nproc)}"
export CARGO_TARGET_DIR='$base/target-$mode'
export CUDA_STUB_PATH='$home/lib/stubs:$home/lib'
OUT
