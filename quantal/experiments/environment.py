"""Software and hardware that a result was obtained with."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import subprocess
from pathlib import Path
from typing import Any

LIBRARIES = ("quantal", "torch", "numpy", "scipy", "scikit-learn")


def describe_environment(*, device: str, precision: str) -> dict[str, Any]:
    """Versions, commit, processor, threads, device and precision; no host name and no path.

    Args:
        device: type of the device that was used, "cpu" or "cuda".
        precision: of the hidden matrix products.

    Returns:
        JSON-able values.
    """
    import torch

    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in LIBRARIES},
        "commit": _commit(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_name(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "precision": precision,
    }


def environment_of(facts: dict[str, Any]) -> dict[str, Any]:
    """Where an estimator was fitted; "auto" becomes what it chose.

    Args:
        facts: the fitted estimator's attributes, ``vars(estimator)``.
    """
    if "_dtype" not in facts or "_device" not in facts:  # nothing was trained by gradients
        return describe_environment(device="cpu", precision="float32")
    precision = str(facts["_dtype"]).removeprefix("torch.")
    return describe_environment(device=facts["_device"].type, precision=precision)


def environment_key(environment: dict[str, Any]) -> str:
    """Short hash by which results name their environment."""
    text = json.dumps(environment, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit of the package's checkout, "+" if tracked files differ; None outside of one."""
    folder = Path(__file__).parent
    try:
        commit = _git(folder, "rev-parse", "--short=12", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", "..")
    except (OSError, subprocess.SubprocessError):
        return None
    return commit + ("+" if changed else "")


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
