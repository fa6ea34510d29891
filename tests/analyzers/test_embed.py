"""The built-in embedding model and its light reader; other models by their failures."""

import hashlib
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from analyzers.embed import BUILTIN, ModelError, OnnxEmbedder, open_embedder

# Everyday questions, written for these tests, and the law they are about (not its wording).
CUSTODY = "离婚以后孩子归谁抚养"
CUSTODY_OTHERWISE = "夫妻离异，子女的抚养权怎么判"
WAGES = "公司拖欠工资应该找哪个部门"
SMOKE = "露天焚烧秸秆污染大气怎么处罚"


@pytest.fixture(scope="module")
def embedder() -> OnnxEmbedder:
    """Return the built-in model, loaded once."""
    opened = open_embedder()
    assert isinstance(opened, OnnxEmbedder)
    return opened


def test_gives_one_row_per_text(embedder: OnnxEmbedder) -> None:
    """The answer has a float32 row per text and as many columns as the model has dimensions."""
    rows = embedder.embed([CUSTODY, WAGES, SMOKE])

    assert rows.shape == (3, embedder.dimensions)
    assert rows.dtype == np.float32


def test_no_texts_give_no_rows(embedder: OnnxEmbedder) -> None:
    """No texts give an empty array of the right width."""
    assert embedder.embed([]).shape == (0, embedder.dimensions)


def test_rows_have_length_one(embedder: OnnxEmbedder) -> None:
    """A dot product of two rows is their cosine, whatever the length of the text."""
    rows = embedder.embed([CUSTODY, WAGES * 500, "法"])

    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)


def test_a_row_depends_only_on_its_text(embedder: OnnxEmbedder) -> None:
    """The same text gives the same row: by itself, in a batch, and as a query."""
    alone = embedder.embed([CUSTODY])[0]
    many = embedder.embed([WAGES * 40, "", *[SMOKE] * 100, CUSTODY])

    np.testing.assert_array_equal(many[-1], alone)
    np.testing.assert_array_equal(embedder.embed([CUSTODY], query=True)[0], alone)


@pytest.mark.parametrize("text", ["", "  \n", "……！？", "☃"])
def test_a_text_without_known_words_gives_zeros(embedder: OnnxEmbedder, text: str) -> None:
    """A text without known tokens gives zeros, and does not affect others in the batch."""
    rows = embedder.embed([CUSTODY, text, WAGES])

    assert not rows[1].any()
    np.testing.assert_array_equal(rows[[0, 2]], embedder.embed([CUSTODY, WAGES]))


def test_a_paraphrase_is_more_similar_than_another_topic(embedder: OnnxEmbedder) -> None:
    """Two ways of asking one thing are closer than two different things."""
    query, same, wages, smoke = embedder.embed([CUSTODY, CUSTODY_OTHERWISE, WAGES, SMOKE])

    assert query @ same > 0.5
    assert query @ same > max(query @ wages, query @ smoke) + 0.2


def test_files_have_their_checksums() -> None:
    """The files are those the program wrote, and every file of the model is listed."""
    lines = (BUILTIN / "checksums.sha256").read_text(encoding="utf-8").splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}

    assert set(listed) == {"model.onnx", "tokenizer.json"}
    for name, digest in listed.items():
        assert hashlib.sha256((BUILTIN / name).read_bytes()).hexdigest() == digest, name


def test_the_model_card_has_the_checksum_of_the_weights() -> None:
    """Who reads the model card can check the weights against it."""
    digest = hashlib.sha256((BUILTIN / "model.onnx").read_bytes()).hexdigest()

    assert digest in (BUILTIN / "README.md").read_text(encoding="utf-8")


def test_folder_is_small_enough_for_the_package() -> None:
    """The whole folder takes at most 16 MB."""
    size = sum(file.stat().st_size for file in BUILTIN.rglob("*") if file.is_file())

    assert size <= 16_000_000


def test_fingerprint_follows_the_files(embedder: OnnxEmbedder, tmp_path: Path) -> None:
    """A copy elsewhere has the same fingerprint; a changed model has another."""
    copy = tmp_path / "copy"
    shutil.copytree(BUILTIN, copy)
    (copy / "README.md").write_text("changed", encoding="utf-8")
    assert OnnxEmbedder(copy).fingerprint == embedder.fingerprint

    tokenizer = copy / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert OnnxEmbedder(copy).fingerprint != embedder.fingerprint


def test_a_folder_of_onnx_is_opened_by_the_light_reader(tmp_path: Path) -> None:
    """Which embedder is used depends on the folder's files, not on its name."""
    copy = tmp_path / "mine"
    shutil.copytree(BUILTIN, copy)

    assert isinstance(open_embedder(str(copy)), OnnxEmbedder)
    assert isinstance(open_embedder("builtin"), OnnxEmbedder)


@pytest.mark.parametrize("model", ["/no/such/folder", "./models/none", "~/none", "a/b/c"])
def test_a_missing_folder_names_value_setting_and_cure(model: str) -> None:
    """The error names the value, the setting and the remedy."""
    with pytest.raises(ModelError) as caught:
        open_embedder(model)

    assert f"GONGWEN_MODEL={model}" in str(caught.value)
    assert "内置模型" in str(caught.value) or "built-in" in str(caught.value)


def test_a_folder_without_a_model_is_no_matter_of_libraries(tmp_path: Path) -> None:
    """The error names the file that is missing in the folder, not a package to install."""
    with pytest.raises(ModelError, match=r"model\.onnx") as caught:
        open_embedder(str(tmp_path))
    assert "pip" not in str(caught.value)


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_damaged_folder_is_a_model_error(tmp_path: Path, file: str, damage: str) -> None:
    """No foreign exception comes through, at opening or at the first use."""
    copy = tmp_path / "copy"
    shutil.copytree(BUILTIN, copy)
    if damage == "missing":
        (copy / file).unlink()
    else:
        (copy / file).write_bytes((copy / file).read_bytes()[:1000])

    with pytest.raises(ModelError, match="copy"):
        open_embedder(str(copy)).embed([CUSTODY])


def test_without_the_library_the_error_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If sentence-transformers is missing, the error says so, with the command to install it."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    (tmp_path / "modules.json").write_text("[]", encoding="utf-8")

    with pytest.raises(ModelError, match=r"pip install 'gongwen-search\[models\]'"):
        open_embedder(str(tmp_path))
