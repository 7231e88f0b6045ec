"""Training: one loop that knows no method, precision, schedules, checkpoints, diagnosis."""

from .artifact import Artifact, read_artifact, write_artifact
from .checkpoint import Checkpoints
from .collapse import Collapse, diagnose
from .loop import Plan, Progress, Run, Step
from .precision import has_fast_bfloat16, resolve_device, resolve_dtype
from .progress_bar import ProgressBar
from .schedules import SCHEDULES, schedule_named

__all__ = [
    "SCHEDULES",
    "Artifact",
    "Checkpoints",
    "Collapse",
    "Plan",
    "Progress",
    "ProgressBar",
    "Run",
    "Step",
    "diagnose",
    "has_fast_bfloat16",
    "read_artifact",
    "resolve_device",
    "resolve_dtype",
    "schedule_named",
    "write_artifact",
]
