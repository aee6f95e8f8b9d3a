"""Parts of the spectral coordinates: they change nothing but the memory that is taken."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ddrm_cli.sampler import parts
from ddrm_cli.sampler.ddrm import sample_ddrm
from ddrm_cli.sampler.noise import ImageNoise
from ddrm_cli.sampler.parts import Coordinates
from ddrm_cli.sampler.rules import PaperRule, SoftRule

from .test_ddrm import build, picture, shrink

SHAPES = [
    ((7,), (7,)),
    ((3, 5, 4), (1, 1, 1)),
    ((3, 5, 4), (5, 4)),
    ((2, 6), (2, 6)),
    ((6, 4), (4,)),
]


@pytest.mark.parametrize("largest", [1, 5, 8, 1000])
@pytest.mark.parametrize(("shape", "known"), SHAPES)
def test_the_parts_are_every_coordinate_once_with_its_noise(
    shape: tuple[int, ...], known: tuple[int, ...], largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "LARGEST", largest)
    s = torch.arange(math.prod(known)).reshape(known) / 4
    noises = torch.where(s > 0, 0.5 / s, math.inf).expand(shape)
    seen = torch.zeros(2, *shape)
    for part in Coordinates(shape, s, s > 0):
        part.of(seen).add_(part.noise(0.5) + 1)
        assert part.of(seen)[0].numel() <= largest
    assert torch.equal(seen, (noises + 1).expand_as(seen))


@pytest.mark.parametrize("rule", [SoftRule(), PaperRule()], ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("name", ["deno", "inp", "sr4", "sr_bicubic4", "cs2", "color"])
def test_parts_of_any_size_give_the_same_bits(
    name: str, rule: SoftRule | PaperRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = build(name)
    y = operator(torch.cat([picture((3, 32, 48), seed) for seed in range(2)]))

    def restored(largest: int) -> Tensor:
        monkeypatch.setattr(parts, "LARGEST", largest)
        noise = ImageNoise([3, 4])
        return sample_ddrm(shrink, y, operator, [3.0, 0.5], 0.2, noise=noise, rule=rule)

    whole = restored(10**9)
    for largest in (48, 500, 1536):
        assert torch.equal(restored(largest), whole)


def test_what_is_given_to_the_sampler_and_seen_of_it_is_not_changed() -> None:
    """It works in place, but only on what is its own: an oracle gives the same tensor each time."""
    operator, x_0 = build("deno"), picture((3, 32, 48))
    y, kept, x_init = x_0.clone(), x_0.clone(), x_0.clone()
    seen: list[Tensor] = []
    sample_ddrm(
        lambda x, sigma: x_0, y, operator, [3.0, 0.5, 0.1], 0.2,
        noise=ImageNoise([0]), rule=SoftRule(), x_init=x_init,
        callback=lambda step: seen.append(step.denoised),
    )  # fmt: skip
    assert all(torch.equal(each, kept) for each in (x_0, y, x_init, *seen))
