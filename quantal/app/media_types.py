"""The three forms in which rows come and answers go."""

from __future__ import annotations

from .problems import Problem, shortened

JSON = "application/json"
NPY = "application/x-npy"
ARROW = "application/vnd.apache.arrow.stream"
FORMS = (JSON, NPY, ARROW)  # in the order in which they are preferred


def main_type(content_type: str) -> str:
    """Return a content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def accepted_form(accept: str) -> str:
    """Return the form that a client likes best.

    Args:
        accept: its Accept header, empty if it sent none.

    Raises:
        Problem: 406, none of the three.
    """
    weights = dict.fromkeys(FORMS, 0.0)
    precision = dict.fromkeys(FORMS, -1)
    for part in (accept.strip() or "*/*").split(","):
        pattern, weight = main_type(part), _weight(part)
        exactness = 0 if pattern == "*/*" else 1 if pattern == "application/*" else 2
        for form in FORMS:
            concerned = exactness < 2 or pattern == form
            if concerned and exactness > precision[form]:  # an exact wish outweighs a general one
                weights[form], precision[form] = weight, exactness
    best = max(FORMS, key=lambda form: weights[form])  # the first of equals
    if weights[best] <= 0:
        raise Problem(
            406, f"Accept says {shortened(accept)}. Answers come as {', '.join(FORMS)}: accept one."
        )
    return best


def _weight(part: str) -> float:
    for parameter in part.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
