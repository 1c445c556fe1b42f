"""A linear-chain CRF: the probability of a text's tags, where each depends on the tag before."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class Crf(nn.Module):
    """Scores of tag sequences (Lafferty et al. 2001).

    The score of a sequence is the sum of its emissions, of the transitions between neighbouring
    tags, and of `start_transitions` and `end_transitions` at its ends. All of these start at zero.

    Emissions are (texts, longest, tags). Masks are bool (texts, longest), true for a text's words
    and false for the padding after them; a text has at least one word.

    >>> crf = Crf(2)
    >>> emissions, mask = torch.tensor([[[0.0, 1.0], [2.0, 0.0]]]), torch.ones(1, 2, dtype=bool)
    >>> crf.decode(emissions, mask).tolist()
    [1, 0]
    >>> round(crf.loss(emissions, torch.tensor([[1, 0]]), mask).item(), 4)
    0.2201
    """

    def __init__(self, tags: int) -> None:
        super().__init__()
        self.start_transitions = nn.Parameter(torch.zeros(tags))
        self.transitions = nn.Parameter(torch.zeros(tags, tags))  # from row to column
        self.end_transitions = nn.Parameter(torch.zeros(tags))

    def loss(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Negative log-likelihood of `tags`, int64 (texts, longest), averaged over words."""
        log_likelihood = self.score(emissions, tags, mask) - self.log_normalizer(emissions, mask)
        return -log_likelihood.sum() / mask.sum()

    def score(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """(texts,): the score of each text's `tags`."""
        emitted = emissions.gather(2, tags[:, :, None])[:, :, 0]
        moves = self.transitions[tags[:, :-1], tags[:, 1:]]
        last = tags.gather(1, mask.sum(dim=1, keepdim=True) - 1)[:, 0]
        within = (emitted * mask).sum(dim=1) + (moves * mask[:, 1:]).sum(dim=1)
        return within + self.start_transitions[tags[:, 0]] + self.end_transitions[last]

    def log_normalizer(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """(texts,): the logarithm of the sum of e to the score of every tag sequence."""
        weights = self.start_transitions, self.transitions, self.end_transitions
        normalizer = _LogNormalizer.apply(emissions, mask, *weights)  # type: ignore[no-untyped-call]
        return cast("Tensor", normalizer)

    @torch.no_grad()
    def decode(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """int64 (words,): the tags of the best sequence of each text, end to end (Viterbi)."""
        steps, masks = emissions.transpose(0, 1), mask.t()
        best = self.start_transitions + steps[0]
        pointers = []
        for step, here in zip(steps[1:], masks[1:], strict=True):
            scores, previous = (best[:, :, None] + self.transitions).max(dim=1)
            pointers.append(previous)
            best = torch.where(here[:, None], scores + step, best)
        tag = (best + self.end_transitions).argmax(dim=1)
        tags = [tag]
        for previous, here in zip(reversed(pointers), reversed(masks[1:]), strict=True):
            tag = torch.where(here, previous.gather(1, tag[:, None])[:, 0], tag)
            tags.append(tag)
        return torch.stack(tags[::-1], dim=1)[mask]


class _LogNormalizer(torch.autograd.Function):
    """The forward algorithm; its gradient is computed by the backward algorithm.

    Autograd through the recursion would store and read again every step's (texts, tags, tags)
    scores. Both recursions instead multiply by e to the transitions. float64 keeps sequences as
    much as e^700 times less likely than the best.
    """

    @staticmethod
    def forward(
        ctx: Any, emissions: Tensor, mask: Tensor, start: Tensor, transitions: Tensor, end: Tensor
    ) -> Tensor:
        # Apple's GPUs have no float64.
        exact = torch.float32 if emissions.device.type == "mps" else torch.float64
        steps = emissions.transpose(0, 1).to(exact).contiguous()
        masks = mask.t()[:, :, None]
        # The largest transition from each tag is taken out, so that no row of powers is all zero.
        largest = transitions.to(exact).amax(dim=1)
        powers = (transitions.to(exact) - largest[:, None]).exp()
        forward = torch.empty_like(steps)
        forward[0] = state = steps[0] + start
        for place in range(1, len(steps)):
            moved = _log_product(state + largest, powers) + steps[place]
            forward[place] = state = torch.where(masks[place], moved, state)
        normalizer = torch.logsumexp(state + end, dim=1)
        ctx.save_for_backward(steps, masks, largest, powers, forward, normalizer, end)
        return normalizer.to(emissions.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        steps, masks, largest, powers, forward, normalizer, end = ctx.saved_tensors
        backward = torch.empty_like(steps)
        backward[-1] = state = end.to(steps.dtype).expand_as(steps[0])
        turned = powers.t().contiguous()
        for place in range(len(steps) - 2, -1, -1):
            moved = _log_product(state + steps[place + 1], turned) + largest
            backward[place] = state = torch.where(masks[place + 1], moved, state)
        scale = gradient.to(steps.dtype)[:, None]
        shares = (forward + backward - normalizer[:, None]).exp() * scale
        last = masks.long().sum(dim=0, keepdim=True) - 1
        of_ends = shares.gather(0, last.expand(1, *shares.shape[1:]))[0].sum(dim=0)
        # How often each transition is expected: one product over all places of all texts.
        left, right = forward[:-1] + largest, backward[1:] + steps[1:]
        highest_left, highest_right = (
            left.amax(dim=2, keepdim=True),
            right.amax(dim=2, keepdim=True),
        )
        common = (highest_left + highest_right - normalizer[:, None]).clamp(max=_LARGEST).exp()
        left = (left - highest_left).exp() * common * masks[1:] * scale
        right = (right - highest_right).exp()
        moves = left.flatten(0, 1).t() @ right.flatten(0, 1) * powers
        dtype = gradient.dtype
        return (
            (shares * masks).transpose(0, 1).to(dtype),
            None,
            shares[0].sum(dim=0).to(dtype),
            moves.to(dtype),
            of_ends.to(dtype),
        )


# e to this is finite in float64. Only transitions that never occur come near it.
_LARGEST = 700.0


def _log_product(logarithms: Tensor, powers: Tensor) -> Tensor:
    """log(exp(logarithms) @ powers), without overflow."""
    highest = logarithms.amax(dim=1, keepdim=True)
    return ((logarithms - highest).exp() @ powers).log_() + highest
