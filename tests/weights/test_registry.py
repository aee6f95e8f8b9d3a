"""The table of models, and the user's own tables beside it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ddrm_cli.errors import (
    ChecksumError,
    ConfigError,
    FieldError,
    ModelNotCachedError,
    UnknownNameError,
)
from ddrm_cli.networks.table import ARCHITECTURES
from ddrm_cli.weights.cache import cache_dir, is_cached, is_offline, weights_path
from ddrm_cli.weights.registry import DEFAULT_MODEL, get_model, load_models
from ddrm_cli.weights.verify import verify_file

PUBLISHED = [
    "imagenet-256",
    "imagenet-256-cc",
    "imagenet-512-cc",
    "celeba-hq",
    "lsun-bedroom",
    "lsun-cat",
    "lsun-church",
    "cifar10",
    "ffhq",
]

MINE = """
[mine]
description = "my own"
licence = "mine"
architecture = "guided-diffusion"
network.image_size = 64
network.model_channels = 64
network.channel_mult = [1, 2, 4]
network.num_res_blocks = 1
network.attention_resolutions = [16]
weights.file = "mine.pt"
"""


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "my-models.toml"
    path.write_text(text)
    return path


def test_every_published_model_is_there_with_licence_and_terms() -> None:
    models = load_models()
    assert list(models) == [DEFAULT_MODEL, *PUBLISHED]
    for model in models.values():
        assert model.licence
        assert model.terms
        assert model.source or model.card
        assert model.good_at


def test_download_of_a_published_model_is_encrypted_and_can_be_checked() -> None:
    """By a hash, or for the classifiers, of which none was found, by the first one seen."""
    models = load_models()
    for name in PUBLISHED:
        for file in models[name].files:
            assert file.urls
            assert all(url.startswith("https://") for url in file.urls)
            assert (file.sha256 or file.md5) or "classifier" in file.name
            assert file.bytes or file.about_bytes


def test_class_conditional_models_have_their_own_files() -> None:
    models = load_models()
    names = [file.name for model in models.values() for file in model.files]
    assert len(names) == len(set(names))
    for name in ("imagenet-256-cc", "imagenet-512-cc"):
        classifier = models[name].classifier
        assert classifier is not None
        assert classifier.network.num_classes == models[name].num_classes == 1000
        assert classifier.network.image_size == models[name].image_size


def test_bundled_prior_is_the_file_that_the_table_describes() -> None:
    model = load_models()[DEFAULT_MODEL]
    assert weights_path(model) == model.weights.path
    assert verify_file(model.weights).origin == "published"


@pytest.mark.parametrize("name", load_models())
def test_network_is_a_configuration_of_its_architecture(name: str) -> None:
    model = load_models()[name]
    assert type(model.network) is ARCHITECTURES[model.architecture].configuration


def test_windows_are_a_fact_of_the_model() -> None:
    """The bundled one looks about 64 pixels far, the published ones over the whole window."""
    for name, model in load_models().items():
        usual = (model.tile, model.overlap_of(model.tile))
        side = model.image_size
        assert usual == ((512, 64) if name == DEFAULT_MODEL else (side, side // 8))
        assert model.overlap_of(64) <= 32  # no more than half of one that the user chose


def test_table_of_the_user_is_added_to_ours(tmp_path: Path) -> None:
    models = load_models(table(tmp_path, MINE))
    assert [*models][-1] == "mine"
    mine = models["mine"]
    assert (mine.image_size, mine.tile, mine.num_classes) == (64, 64, None)
    assert (mine.prediction, mine.beta_schedule, mine.timesteps) == ("epsilon", "linear", 1000)


def test_table_in_the_configuration_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "models.toml").write_text(MINE)
    assert "mine" in load_models()


def test_path_of_weights_is_seen_from_the_folder_of_the_table(tmp_path: Path) -> None:
    file = table(tmp_path, MINE.replace('weights.file = "mine.pt"', 'weights.path = "w/mine.pt"'))
    mine = load_models(file)["mine"]
    assert mine.weights.path == tmp_path / "w" / "mine.pt"
    with pytest.raises(ModelNotCachedError, match=r"mine\.pt"):
        weights_path(mine)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("network.image_sise = 64", r"\[mine\.network\].*'image_sise' is unknown.*'image_size'"),
        ('licens = "x"', r"\[mine\].*'licens' is unknown.*'licence'"),
        ('prediction = "x0"', "'prediction' must be one of epsilon, v"),
        ('beta_schedule = "cosine"', "'beta_schedule' must be one of linear"),
        ("beta_end = 1e-5", "'beta_end' must be between"),
        ("beta_start = nan", "'beta_start' must be finite"),
        ("timesteps = 0", "'timesteps' must be at least 1"),
        ("timesteps = true", "'timesteps' must be a whole number"),
        ("timesteps = 10.5", "'timesteps' must be a whole number"),
        ("tile = 62", "'tile' must be a multiple of 4"),
        ("network.num_classes = -3", "'num_classes' must be at least 1"),
        ("network.out_channels = 5", "'out_channels' must be"),
        ("network.num_head_channels = 48", "'num_head_channels' must divide"),
        ('weights.urls = ["ftp://example.org/f"]', "'urls' must hold http addresses"),
        ('weights.urls = ["http://[1"]', "'urls' must hold http addresses"),
        ('weights.urls = "https://example.org/f"', "'urls' must be a list of texts"),
        ('weights.sha256 = "abc"', "'sha256' must be 64 hexadecimal digits"),
        ("weights.bytes = 0", "'bytes' must be at least 1"),
        ("classifier = 3", "'mine.classifier' is a value, not a table"),
    ],
)
def test_bad_key_is_named_with_file_and_table(tmp_path: Path, line: str, told: str) -> None:
    file = table(tmp_path, MINE + line + "\n")
    with pytest.raises(ConfigError, match=told) as caught:
        load_models(file)
    assert str(file) in caught.value.message


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ('licence = "mine"\n', "", "'licence' is missing"),
        ('licence = "mine"', "licence = 3", "'licence' must be text"),
        ('licence = "mine"', 'licence = " "', "'licence' must be one line"),
        ('"guided-diffusion"', '"unet"', "'architecture' must be one of guided-diffusion, ddpm"),
        ("[1, 2, 4]", "[]", "'channel_mult' must be a list of positive numbers"),
        ("[1, 2, 4]", "[1, 0.3]", "'channel_mult' must give widths that 32 divides"),
        ("[1, 2, 4]", '[1, "2"]', "'channel_mult' must be a list of numbers"),
        ("[16]", "[20]", r"'attention_resolutions' must be among .*64, 32, 16"),
        (
            "image_size = 64",
            "image_size = 62",
            "'image_size' must be .* of 4, as .* 3 levels",
        ),
        ("[mine]", '["../mine"]', "a model's name is made of"),
        ("[mine]", "[imagenet-256]", "is taken by a model of the program"),
        ("[mine]", "[mine]\n[mine]", "not valid TOML"),
        ("[mine]", "[mine", "not valid TOML"),
    ],
)
def test_bad_table_is_refused(tmp_path: Path, good: str, bad: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load_models(table(tmp_path, MINE.replace(good, bad)))


@pytest.mark.parametrize(
    "name", ["../mine.pt", "/etc/passwd", "a/b.pt", "..", ".hidden", "a\\\\b.pt", "", "x" * 200]
)
def test_file_name_that_leaves_the_cache_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="'file' must be"):
        load_models(table(tmp_path, MINE.replace("mine.pt", name)))


def test_key_that_is_nearly_right_is_told_rather_than_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'licens' is unknown; did you mean 'licence'"):
        load_models(table(tmp_path, MINE.replace("licence", "licens")))


def test_hash_may_be_written_in_capitals(tmp_path: Path) -> None:
    text = MINE + f'weights.sha256 = "{64 * "A"}"\n'
    assert load_models(table(tmp_path, text))["mine"].weights.sha256 == 64 * "a"


def test_model_that_is_made_in_python_is_checked_alike() -> None:
    with pytest.raises(FieldError, match="'tile' must be a multiple of 16"):
        replace(load_models()[DEFAULT_MODEL], tile=100)


def test_two_models_may_not_mean_different_bytes_by_one_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"celeba_hq\.ckpt.*model celeba-hq"):
        load_models(table(tmp_path, MINE.replace("mine.pt", "celeba_hq.ckpt")))


def test_missing_table_of_the_user_is_an_error_only_if_it_was_asked_for(tmp_path: Path) -> None:
    load_models()
    with pytest.raises(ConfigError, match="There is no file"):
        load_models(tmp_path / "nothing.toml")


def test_unknown_model_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        get_model("celebahq", load_models())
    assert "celeba-hq" in caught.value.hint


def test_cache_can_be_moved(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_dir() == cache
    monkeypatch.delenv("DDRM_CACHE_DIR")
    assert cache_dir().parts[-2:] == ("ddrm", "models")


@pytest.mark.parametrize(
    ("value", "offline"), [("1", True), ("true", True), ("0", False), ("", False), ("no", False)]
)
def test_network_can_be_forbidden(
    value: str, offline: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DDRM_OFFLINE", value)
    assert is_offline() is offline


def test_what_is_not_cached_says_how_to_get_it(cache: Path) -> None:
    model = load_models()["cifar10"]
    assert not is_cached(model)
    with pytest.raises(ModelNotCachedError) as caught:
        weights_path(model)
    assert caught.value.hint == "Run: ddrm download cifar10"


def test_file_of_the_wrong_size_is_not_used(cache: Path) -> None:
    """A published file was seen in the wild, cut, and then silently not loaded."""
    model = load_models()["imagenet-256"]
    cache.mkdir()
    with (cache / model.weights.name).open("wb") as file:
        os.truncate(file.fileno(), 2_101_067_776)  # sparse: takes no space
    assert not is_cached(model)
    with pytest.raises(ChecksumError, match="2101067776 bytes where 2211383297"):
        weights_path(model)
