"""Log-probabilities: those of PyTorch, with gradients that are ordinary numbers or 0."""

from __future__ import annotations

import pytest
import torch

from quantal.objectives import adversarial_direction, kl_divergence, log_softmax

SMALLEST_NORMAL = torch.finfo(torch.float32).tiny


def test_values_and_gradients_of_ordinary_logits_are_those_of_torch_to_the_bit():
    logits = torch.randn(50, 4, 7, generator=torch.Generator().manual_seed(0)).mul_(5)
    weights = torch.randn(logits.shape, generator=torch.Generator().manual_seed(1))
    for dim in (1, 2):
        ours, theirs = logits.clone().requires_grad_(), logits.clone().requires_grad_()
        found, wanted = log_softmax(ours, dim), theirs.log_softmax(dim)
        (found * weights).sum().backward()
        (wanted * weights).sum().backward()
        assert torch.equal(found, wanted)
        assert torch.equal(ours.grad, theirs.grad)


def test_gradients_agree_with_differences_in_double_precision():
    logits = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(log_softmax, logits)


@pytest.mark.parametrize(("gap", "kept"), [(50.0, True), (60.0, False), (95.0, False)])
def test_gradients_below_1e_25_are_zero(gap, kept):
    logits = torch.tensor([[0.0, -gap]], requires_grad=True)
    log_softmax(logits)[0, 0].backward()  # its derivatives are q, -q of the second label
    assert (logits.grad[0, 1] != 0) == kept
    plain = torch.tensor([[0.0, -gap]], requires_grad=True)
    plain.log_softmax(1)[0, 0].backward()
    assert plain.grad[0, 1] != 0  # so that this test is about something


def test_a_collapsed_network_meets_no_subnormal_number_on_the_way_back():
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(20, 30, generator=generator) * 0.05
    last = torch.randn(30, 4, generator=generator) * 0.05
    certain = torch.tensor([92.0, 0.0, 0.0, 0.0])  # every row in the first cluster
    seen: list[torch.Tensor] = []

    def hidden_gradients(softmax):
        def log_p_of(rows):
            hidden = (rows @ weight).relu()
            if hidden.requires_grad:
                hidden.register_hook(seen.append)
            return softmax(hidden @ last + certain)

        seen.clear()
        x = torch.randn(8, 20, generator=torch.Generator().manual_seed(1))
        adversarial_direction(
            log_p_of,
            x,
            log_p_of(x),
            xi=1.0,
            generator=torch.Generator().manual_seed(2),
            divergence=kl_divergence,
        )
        (gradient,) = seen
        return gradient.abs()

    plain = hidden_gradients(lambda logits: logits.log_softmax(1))
    assert ((plain > 0) & (plain < SMALLEST_NORMAL)).any()
    ours = hidden_gradients(log_softmax)
    assert not ((ours > 0) & (ours < SMALLEST_NORMAL)).any()
