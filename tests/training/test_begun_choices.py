"""What "auto" stood for when a fit began still holds where it is resumed on another machine."""

from __future__ import annotations

import json

import pytest
import torch
from sklearn.datasets import load_digits

from quantal.clustering import DEC, IIC, IMSAT, JULE, AutoencoderKMeans
from quantal.errors import FileFormatError, ParameterError
from quantal.hashing import SGH
from quantal.training import Run

pytestmark = pytest.mark.filterwarnings("ignore")

X = load_digits().data[:120]
WIDE = {"hidden_layer_sizes": (256,), "random_state": 0}
SHORT = {"n_epochs": 2, "batch_size": 60, "n_init": 1, **WIDE}
STAGES = {"pretrain_iterations": 3, "finetune_iterations": 3, "n_init": 1, **WIDE}
METHODS = {
    "IMSAT": lambda **more: IMSAT(4, neighbor_sample=100, **SHORT, **more),
    "IIC": lambda **more: IIC(4, **SHORT, **more),
    "AutoencoderKMeans": lambda **more: AutoencoderKMeans(4, **STAGES, **more),
    "DEC": lambda **more: DEC(4, max_iterations=3, **STAGES, **more),
    "JULE": lambda **more: JULE(8, n_epochs=3, n_outputs=8, **WIDE, **more),
}
ESTIMATORS = ("straight_through_hard", "straight_through_sampled")


def sgh(**more):
    return SGH(6, n_steps=4, batch_size=60, random_state=0, **more)


def begin(monkeypatch, model, folder):
    """Let a fit end before its third step, as a kill would."""
    take, steps = Run._take_step, []

    def step(run, numbers):
        steps.append(1)
        if len(steps) == 3:
            raise ZeroDivisionError
        take(run, numbers)

    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(Run, "_take_step", step)
        model(checkpoint=str(folder), checkpoint_every=0).fit(X)


def require_equal(found, expected):
    other = expected.network_.state_dict()
    assert all(
        torch.equal(value, other[name]) for name, value in found.network_.state_dict().items()
    )


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("name", METHODS)
def test_the_precision_is_that_of_the_machine_it_began_on(name, fast, tmp_path, monkeypatch):
    model, has_fast = METHODS[name], "quantal.training.precision.has_fast_bfloat16"
    monkeypatch.setattr(has_fast, lambda _: fast)
    whole = model().fit(X)
    begin(monkeypatch, model, tmp_path)
    monkeypatch.setattr(has_fast, lambda _: not fast)
    resumed = model(checkpoint=str(tmp_path), resume=True).fit(X)
    assert resumed._dtype is (torch.bfloat16 if fast else torch.float32)
    require_equal(resumed, whole)
    assert model().fit(X)._dtype is not resumed._dtype


@pytest.mark.parametrize("chosen", ESTIMATORS)
def test_the_gradient_of_sgh_is_the_one_it_began_with(chosen, tmp_path, monkeypatch):
    suited, other = "quantal.hashing.sgh_training.suited_estimator", {*ESTIMATORS} - {chosen}
    monkeypatch.setattr(suited, lambda *_: chosen)
    whole = sgh().fit(X)
    begin(monkeypatch, sgh, tmp_path)
    monkeypatch.setattr(suited, lambda *_: other.pop())
    resumed = sgh(checkpoint=str(tmp_path), resume=True).fit(X)
    assert resumed.estimator_ == chosen
    require_equal(resumed, whole)


def write(folder, choices):
    for path in folder.glob("step-*/state.json"):
        state = {**json.loads(path.read_text()), "auto": choices}
        path.write_text(json.dumps({k: v for k, v in state.items() if v is not None}))


@pytest.mark.parametrize("name", ["IMSAT", "JULE", "DEC"])
def test_a_device_that_is_not_here_is_named(name, tmp_path, monkeypatch):
    begin(monkeypatch, METHODS[name], tmp_path)
    write(tmp_path, {"device": "cuda"})
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    text = r"checkpoint of a fit that began on 'cuda', which this machine does not have\. Resume it"
    with pytest.raises(ParameterError, match=text):
        METHODS[name](checkpoint=str(tmp_path), resume=True).fit(X)


def test_a_parameter_that_was_given_is_no_choice(tmp_path, monkeypatch):
    def model(**more):
        return METHODS["IMSAT"](precision="float32", device="cpu", **more)

    begin(monkeypatch, model, tmp_path)
    [*states] = tmp_path.glob("step-*/state.json")
    assert [json.loads(path.read_text())["auto"] for path in states] == [{}, {}]
    write(tmp_path, {"precision": "bfloat16", "device": "cuda"})
    assert model(checkpoint=str(tmp_path), resume=True).fit(X)._dtype is torch.float32


def test_a_checkpoint_of_an_earlier_version_is_resumed(tmp_path, monkeypatch):
    begin(monkeypatch, METHODS["IMSAT"], tmp_path)
    write(tmp_path, None)
    resumed = METHODS["IMSAT"](checkpoint=str(tmp_path), resume=True).fit(X)
    require_equal(resumed, METHODS["IMSAT"]().fit(X))


@pytest.mark.parametrize("choices", [[], {"precision": "float8"}, {"device": ["cpu"]}])
def test_choices_that_cannot_be_are_refused(choices, tmp_path, monkeypatch):
    begin(monkeypatch, METHODS["IMSAT"], tmp_path)
    write(tmp_path, choices)
    with pytest.raises(FileFormatError, match=r"damaged.*Delete"):
        METHODS["IMSAT"](checkpoint=str(tmp_path), resume=True).fit(X)


def test_a_pass_of_partial_fit_resumes_nothing(tmp_path, monkeypatch):
    begin(monkeypatch, METHODS["IMSAT"], tmp_path)
    write(tmp_path, {"precision": "bfloat16"})
    monkeypatch.setattr("quantal.training.precision.has_fast_bfloat16", lambda _: False)
    model = METHODS["IMSAT"](checkpoint=str(tmp_path), resume=True).partial_fit(X)
    assert model._dtype is torch.float32
