"""The ADM networks compute what the published definitions compute."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from ddrm_cli.networks.guided_diffusion import Classifier, ClassifierConfig, UNet, UNetConfig

from .goldens import draw_weights, load_golden, published_keys, relative_error, shapes

# Two independent float32 implementations of the same arithmetic agree to about this.
FLOAT32_AGREEMENT = 1e-5


@pytest.mark.parametrize("name", ["uncond", "classcond"])
def test_unet_reproduces_the_golden_output(name: str) -> None:
    config, arrays, seed = load_golden(f"guided_diffusion_{name}_tiny")
    del config["architecture"]
    network = UNet(UNetConfig(**config))
    draw_weights(network, seed)
    with torch.no_grad():
        out = network(arrays["x"], arrays["t"], arrays.get("y"))
    assert relative_error(out, arrays["out"]) < FLOAT32_AGREEMENT


def test_classifier_reproduces_the_golden_output_and_gradient() -> None:
    config, arrays, seed = load_golden("guided_diffusion_classifier_tiny")
    del config["architecture"]
    network = Classifier(ClassifierConfig(**config))
    draw_weights(network, seed)
    x = arrays["x"].requires_grad_()
    logits = network(x, arrays["t"])
    assert relative_error(logits.detach(), arrays["out"]) < FLOAT32_AGREEMENT
    log_prob = F.log_softmax(logits, dim=-1).gather(1, arrays["y"][:, None]).sum()
    (gradient,) = torch.autograd.grad(log_prob, x)
    # A gradient passes the arithmetic twice, and cancels more.
    assert relative_error(gradient, arrays["log_prob_grad"]) < 5 * FLOAT32_AGREEMENT


ADM_256 = UNetConfig(256, 256, (1, 1, 2, 2, 4, 4), 2, (32, 16, 8), out_channels=6)
ADM_512 = UNetConfig(
    512, 256, (0.5, 1, 1, 2, 2, 4, 4), 2, (32, 16, 8), out_channels=6, num_classes=1000
)


@pytest.mark.parametrize(
    ("config", "checkpoint"),
    [
        (ADM_256, "256x256_diffusion_uncond.pt"),
        (UNetConfig(**{**vars(ADM_256), "num_classes": 1000}), "256x256_diffusion.pt"),
        (ADM_512, "512x512_diffusion.pt"),
        (
            ClassifierConfig(256, 128, (1, 1, 2, 2, 4, 4), 2, (32, 16, 8)),
            "256x256_classifier.pt",
        ),
        (
            ClassifierConfig(512, 128, (0.5, 1, 1, 2, 2, 4, 4), 2, (32, 16, 8)),
            "512x512_classifier.pt",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_state_dict_is_that_of_the_published_checkpoint(
    config: UNetConfig | ClassifierConfig, checkpoint: str
) -> None:
    with torch.device("meta"):
        network = UNet(config) if isinstance(config, UNetConfig) else Classifier(config)
    assert shapes(network) == published_keys(checkpoint)


@pytest.mark.parametrize("num_classes", [None, 10])
def test_labels_are_given_exactly_where_the_network_has_classes(num_classes: int | None) -> None:
    config = UNetConfig(16, 32, (1,), 1, (), num_head_channels=32, num_classes=num_classes)
    labels = torch.tensor([1]) if num_classes is None else None
    with pytest.raises(ValueError, match="labels"):
        UNet(config)(torch.zeros(1, 3, 16, 16), torch.tensor([5]), labels)
