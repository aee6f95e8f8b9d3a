"""A blur whose picture was cut: what lies beyond the frame is not known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import torch

from ddrm_cli.degradations.fourier import FourierBlur
from ddrm_cli.degradations.frame import cut_frame, mirror_frame
from ddrm_cli.degradations.framing import build_framed, continue_measurement, frame_margin
from ddrm_cli.degradations.separable import SeparableOperator
from ddrm_cli.degradations.table import DEGRADATIONS, Degradation

from .examples import example

SHAPE = (1, 40, 56)
BLURS = [name for name, entry in DEGRADATIONS.items() if entry.family == "deblurring"]
FLOAT32 = 2e-5  # sums of some hundred products of order one


def landscape(height: int, width: int) -> np.ndarray:
    """A random picture with the power spectrum of photographs, about [0, 1]."""
    rng = np.random.default_rng(3)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    frequency[0, 0] = np.inf
    waves = np.fft.fft2(rng.standard_normal((height, width))) / frequency
    picture = np.fft.ifft2(waves).real
    return np.asarray(0.5 + 0.2 * picture / picture.std())


@pytest.mark.parametrize("name", BLURS)
def test_each_blur_takes_a_boundary_and_is_circular_where_it_is_unknown(name: str) -> None:
    mirrored, unknown = (
        build_framed(example(name).given(boundary=boundary), SHAPE)
        for boundary in ("reflect", "unknown")
    )
    assert isinstance(unknown, FourierBlur)
    assert min(unknown.margin) > 0
    assert unknown.image_shape[1:] == tuple(
        side + more for side, more in zip(SHAPE[1:], unknown.margin, strict=True)
    )
    separable = isinstance(mirrored, SeparableOperator)
    assert separable == (name != "deblur")  # the example's kernel is no outer product
    assert (mirrored.margin == (0, 0)) == separable
    # Whatever is assumed beyond it, a picture that goes on as its mirror image is blurred alike.
    x = torch.from_numpy(landscape(*SHAPE[1:])).float()[None, None]
    framed = cut_frame(unknown(mirror_frame(x, unknown.margin)), unknown.margin)
    known = cut_frame(mirrored(mirror_frame(x, mirrored.margin)), mirrored.margin)
    torch.testing.assert_close(framed, known, atol=FLOAT32, rtol=0)


@pytest.mark.parametrize("name", ["deno", "sr4", "sr_bicubic3", "inp"])
def test_what_does_not_wrap_around_needs_no_frame(name: str) -> None:
    assert frame_margin(Degradation(name)) == (0, 0)


@pytest.mark.parametrize("name", BLURS)
def test_the_margin_is_what_is_most_probable_given_the_rest(name: str) -> None:
    """In it the gradient of ``y^T W y`` is zero; the measurement itself is left as it is."""
    sigma = 0.01
    operator = build_framed(example(name).given(boundary="unknown"), SHAPE)
    y = torch.from_numpy(landscape(*SHAPE[1:])).float()[None, None]
    continued = continue_measurement(y, operator, sigma)
    assert torch.equal(cut_frame(continued, operator.margin), y)
    height, width = operator.image_shape[1:]
    squared = np.add.outer(np.fft.fftfreq(height) ** 2, np.fft.fftfreq(width) ** 2)
    squared[0, 0] = 1 / (2 * max(height, width)) ** 2
    power = 0.22**2 / squared / np.mean(1 / squared[:, : width // 2 + 1])
    s = (operator.singular_values * operator.measured).double().numpy()
    precision = 1 / (s**2 * power + sigma**2)
    centred = continued[0, 0].double().numpy() - float(y.mean())
    gradient = np.fft.ifft2(np.fft.fft2(centred) * precision).real
    inside = gradient[: SHAPE[1], : SHAPE[2]].copy()
    gradient[: SHAPE[1], : SHAPE[2]] = 0
    # Conjugate gradients stop at 1e-4 of where they began, or after a hundred steps.
    assert np.linalg.norm(gradient) < 1e-2 * np.linalg.norm(inside)


@pytest.mark.parametrize(
    "degradation",
    [
        Degradation("deblur_uni"),
        Degradation("deblur_gauss", {"blur": 1.5}),
        Degradation("deblur_motion", {"blur": 15}),
    ],
    ids=lambda degradation: str(degradation.name),
)
def test_a_picture_that_was_cut_is_not_taken_for_a_mirrored_one(degradation: Degradation) -> None:
    """A part of a blurred scene, restored by least squares: half of the error is left."""
    scene = torch.from_numpy(landscape(96, 120)).float()[None, None]
    whole = build_framed(degradation, (1, 96, 120))
    inner = (..., slice(28, 68), slice(32, 88))  # of SHAPE
    y = whole(scene)[inner] + 1e-3 * torch.randn(
        1, *SHAPE, generator=torch.Generator().manual_seed(0)
    )
    errors = []
    for boundary in ("unknown", "reflect"):
        operator = build_framed(degradation.given(boundary=boundary), SHAPE)
        s, y_bar = operator.singular_values, operator.Ut(continue_measurement(y, operator, 1e-3))
        restored = cut_frame(operator.V(s / (s**2 + 1e-4) * y_bar), operator.margin)
        errors.append(float((restored - scene[inner]).square().mean()))
    assert errors[0] < 0.6 * errors[1]  # 0.22, 0.53 and 0.25 were found


def test_the_published_kernels_give_way_to_a_width() -> None:
    x = landscape(*SHAPE[1:])
    picture = torch.from_numpy(x).float()[None, None]
    uniform = build_framed(Degradation("deblur_uni", {"blur": 7}), SHAPE)
    expected = scipy.ndimage.uniform_filter(x, 7, mode="reflect")
    np.testing.assert_allclose(uniform(picture)[0, 0], expected, atol=FLOAT32)
    gaussian = build_framed(Degradation("deblur_gauss", {"blur": 2}), SHAPE)
    expected = scipy.ndimage.gaussian_filter(x, 2, mode="reflect", truncate=3)
    np.testing.assert_allclose(gaussian(picture)[0, 0], expected, atol=FLOAT32)
    motion = build_framed(Degradation("deblur_motion", {"blur": 9}), SHAPE)
    expected = scipy.ndimage.uniform_filter1d(x, 9, axis=1, mode="reflect")
    np.testing.assert_allclose(motion(picture)[0, 0], expected, atol=FLOAT32)
