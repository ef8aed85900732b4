"""Makes a table and results.json of what run.sh has measured: report.py WORK EPOCHS REPEATS OUT."""

import glob
import json
import re
import statistics
import sys
from pathlib import Path

ROWS = [
    ("candle-noise, noise 0.1, whole run", "train_{}"),
    ("candle-noise, noise 0.1, without its start", "train_{}_steady"),
    ("candle-noise, baseline, without its start", "base_{}_steady"),
    ("JAX, noise 0.1", "jax_{}"),
    ("PyTorch, noise 0.1, eager", "torch_{}_eager"),
    ("PyTorch, noise 0.1, CUDA graph", "torch_{}_graph"),
]


def main():
    work, epochs, repeats, out = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split(), Path(sys.argv[4])
    steps = [line.split("\t") for line in work.joinpath("steps").read_text().splitlines()]
    texts = {name: read(work / name) for name, *_ in steps}
    micros = {**of_programs(work, epochs, ["1", *repeats]), **of_peers(texts)}
    info, tests = texts.get("info", ""), texts.get("tests", "")
    found = {
        "steps": [{"name": name, "exit": code, "seconds": float(s)} for name, code, s in steps],
        "commit": info.split("\n")[0],
        "gpus": re.findall(r"^(NVIDIA .*, [\d.]+, \d+ MiB, [\d.]+)$", info, re.M),
        "start_seconds": [float(s) for s in re.findall(r"^start ([\d.]+)", texts.get("start", ""), re.M)],
        "tests": re.findall(r"^test result: .*", tests, re.M),
        "failed_tests": re.findall(r"^test (\S+) \.\.\. FAILED", tests, re.M),
        "same_bits_twice": "the same bits" in texts.get("again", ""),
        "micros_an_epoch_and_network": micros,
        "test_accuracy": accuracies(work, texts),
        "nanos_an_element": {**nanos(texts.get("torch_noise", "")), **of_benches(work)},
        "copy": re.findall(r'^\{"copy_gb_s".*\}$', texts.get("copy", ""), re.M),
        "auto": {n: re.findall(r"^--device auto takes.*", t, re.M) for n, t in texts.items() if "auto" in n},
    }
    out.joinpath("results.json").write_text(json.dumps(found, indent=1))
    text = "\n".join(table(found, repeats)) + "\n"
    out.joinpath("table.txt").write_text(text)
    print(text, flush=True)


def read(path):
    return path.read_text(errors="replace") if path.exists() else ""


def of_programs(work, epochs, repeats):
    """Microseconds of the programs, with their start and without."""

    def seconds(name):
        text = read(work / "out" / name / "result.json")
        return json.loads(text)["seconds"]["train"] if text else None

    micros = {}
    for kind in ("train", "base"):
        for r in repeats:
            whole, short = seconds(f"{kind}_{r}"), seconds(f"{kind}_{r}_short")
            if whole is not None:
                micros[f"{kind}_{r}"] = whole / int(r) / epochs * 1e6
            if whole is not None and short is not None:
                left = epochs - epochs // 10
                micros[f"{kind}_{r}_steady"] = (whole - short) / int(r) / left * 1e6
    return micros


def of_peers(texts):
    """The medians of the peers' lines; a step may have two parts, eager and graph or compiled."""
    micros = {}
    for name, text in texts.items():
        own = [json.loads(line)["us"] for line in re.findall(r'^\{"us": .*\}$', text, re.M)]
        if own and name.startswith("torch"):
            half = (len(own) + 1) // 2
            second = "compiled" if name == "torch_wide" else "graph"
            micros[f"{name}_eager"] = statistics.median(own[:half])
            micros[f"{name}_{second}"] = statistics.median(own[half:] or own)
        elif own:
            micros[name] = statistics.median(own)
    return micros


def accuracies(work, texts):
    found = {}
    for name, text in texts.items():
        result = read(work / "out" / name / "result.json")
        lines = re.findall(r'^\{"us": .*\}$', text, re.M)
        if result and "summary" in json.loads(result):
            found[name] = json.loads(result)["summary"].get("test_accuracy", {}).get("mean")
        elif lines:
            found[name] = json.loads(lines[-1])["test_accuracy"]
    return found


def nanos(text):
    return {f"PyTorch, {name}": float(ns) for name, ns in re.findall(r"^(\w+): ([\d.]+) ns", text, re.M)}


def of_benches(work):
    found = {}
    for path in glob.glob(f"{work}/criterion/**/new/benchmark.json", recursive=True):
        about = json.loads(Path(path).read_text())
        median = json.loads(Path(path).with_name("estimates.json").read_text())["median"]["point_estimate"]
        found[about["full_id"]] = median / (about.get("throughput") or {}).get("Elements", 1)
    return found


def table(found, repeats):
    micros = found["micros_an_epoch_and_network"]
    failed = [f"{step['name']} ({step['exit']})" for step in found["steps"] if step["exit"] != "0"]
    yield ""
    yield f"{'; '.join(found['gpus'])}  {found['commit'][:10]}"
    yield f"steps that failed or were skipped: {', '.join(failed) or 'none'}"
    yield f"tests: {' '.join(found['tests'] + found['failed_tests'])}"
    yield f"start, the first one cold: {found['start_seconds']} s; same bits twice: {found['same_bits_twice']}"
    yield f"copy in PyTorch, read and written: {found['copy']}"
    for name, lines in found["auto"].items():
        yield f"{name}: {' '.join(lines)}"
    for name, ns in sorted(found["nanos_an_element"].items()):
        yield f"{name}: {ns:.4f} ns an element"
    for name in ("torch_wide_eager", "torch_wide_compiled"):
        if name in micros:
            yield f"{name}: {micros[name]:.1f} us a step"
    yield "| us an epoch and network | " + " | ".join(["1", *repeats]) + " |"
    yield "|---|" + "---:|" * (1 + len(repeats))
    for title, key in ROWS:
        cells = [micros.get(key.format(r)) for r in ["1", *repeats]]
        if any(cells):
            yield f"| {title} | " + " | ".join("" if x is None else f"{x:.2f}" for x in cells) + " |"
    for name, accuracy in found["test_accuracy"].items():
        if accuracy is not None and "short" not in name:
            yield f"{name}: test accuracy {accuracy:.4f}"
    yield f"{sum(step['seconds'] for step in found['steps']):.0f} s in all"


if __name__ == "__main__":
    main()
