"""What run.sh asks of the machine: `versions`, or the speed of a `copy` on a device."""

import json
import statistics
import subprocess
import sys
import time

# What CUDA 13 asks for.
DRIVER = 580


def versions():
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total,compute_cap", "--format=csv,noheader"]
    try:
        gpus = subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        gpus = ""
    print(gpus or "nvidia-smi names no GPU: install NVIDIA's driver")
    for gpu in gpus.splitlines():
        name, driver, _, capability = [cell.strip() for cell in gpu.split(",")]
        if int(driver.split(".")[0]) < DRIVER:
            print(f"{name}: expected driver {DRIVER} or later for CUDA 13, received {driver}: install it")
        if float(capability) < 8:
            print(f"{name}: expected compute capability 8.0 or later, received {capability}")
    from importlib.metadata import PackageNotFoundError, version

    for name in ("torch", "jax", "scikit-learn"):
        try:
            print(name, version(name))
        except PackageNotFoundError:
            print(f"{name} is not there: what needs it is left out")


def copy(device_name):
    import torch

    device = torch.device(device_name)
    on_cpu = device.type == "cpu"
    wait = (lambda: None) if on_cpu else torch.cuda.synchronize
    count = 2**22 if on_cpu else 2**29
    a, b = torch.rand(count, device=device), torch.empty(count, device=device)
    seconds = []
    for _ in range(21):
        begin = time.perf_counter()
        b.copy_(a)
        wait()
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"copy_gb_s": 8 * count / 1e9 / statistics.median(seconds[1:])}))


if __name__ == "__main__":
    {"versions": versions, "copy": copy}[sys.argv[1]](*sys.argv[2:])
