"""Training: one loop that knows no method, precision, schedules, checkpoints, diagnosis."""

from .artifact import Artifact, read_artifact, write_artifact
from .checkpoint import Checkpoints
from .collapse import Collapse, diagnose
from .distributed import Processes, current, joined, share_of, started_together
from .loop import PassStep, Progress, Run, Step
from .plan import Plan
from .precision import has_fast_bfloat16, resolve_device, resolve_dtype
from .progress_bar import ProgressBar
from .run_sequence import RunSequence
from .schedules import SCHEDULES, schedule_of, stepped

__all__ = [
    "SCHEDULES",
    "Artifact",
    "Checkpoints",
    "Collapse",
    "PassStep",
    "Plan",
    "Processes",
    "Progress",
    "ProgressBar",
    "Run",
    "RunSequence",
    "Step",
    "current",
    "diagnose",
    "has_fast_bfloat16",
    "joined",
    "read_artifact",
    "resolve_device",
    "resolve_dtype",
    "schedule_of",
    "share_of",
    "started_together",
    "stepped",
    "write_artifact",
]
