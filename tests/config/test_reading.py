import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialvision.config.merging import flatten
from spatialvision.config.reading import LARGEST_BYTES, Document, read_file, read_text, read_value
from spatialvision.config.recipe import split_override
from spatialvision.errors import RecipeError


def test_every_scalar_stays_text() -> None:
    text = "a: no\nb: 012\nc: 3e-4\nd: 2020-01-01\ne: 1_000\nf: .inf\ng: 'x'\nh: =\ni: |\n  two\n  lines\n"
    assert read_text(text, "f.yaml").tree == {
        "a": "no",
        "b": "012",
        "c": "3e-4",
        "d": "2020-01-01",
        "e": "1_000",
        "f": ".inf",
        "g": "x",
        "h": "=",
        "i": "two\nlines\n",
    }


@pytest.mark.parametrize("null", ["", "~", "null", "Null", "NULL", "# nothing"])
def test_only_plain_nulls_are_none(null: str) -> None:
    assert read_text(f"a: {null}\nb: [{null.partition('#')[0] or '~'}]", "f.yaml").tree == {
        "a": None,
        "b": [None],
    }


@pytest.mark.parametrize("text", ["'null'", '"~"', "''", '""', "none", "nil"])
def test_quoted_nulls_are_text(text: str) -> None:
    assert read_text(f"a: {text}", "f.yaml").tree == {"a": text.strip("'\"")}


def test_lines_are_those_of_the_keys() -> None:
    document = read_text("# header\na:\n  b: 1\n\n  c: [1,\n   2]\nd: {e: {}}\n", "f.yaml")
    assert document.lines == {"a": 2, "a.b": 3, "a.c": 5, "d": 7, "d.e": 7}


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "---\n...\n"])
def test_an_empty_file_is_an_empty_mapping(text: str) -> None:
    assert read_text(text, "f.yaml").tree == {}


BILLION_LAUGHS = "a: &a [x]\n" + "\n".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)

HOSTILE = {
    "python object": ("a: 1\nb: !!python/object/apply:os.system ['touch MARKER']", 2, "tag"),
    "python mapping": ("a: !!python/object/new:os.system {args: ['touch MARKER']}", 1, "tag"),
    "python key": ("? !!python/name:os.system x\n: 1", 1, "tag"),
    "tag on text": ("a: 1\nb: !mine 1", 2, "tag"),
    "tag on a list": ("a: 1\nb: [1, !mine [2]]", 2, "tag"),
    "tag on the top": ("!mine {a: 1}", 1, "tag"),
    "standard tag": ('a: !!int "3"', 1, "tag"),
    "binary": ("a: !!binary aGk=", 1, "tag"),
    "anchor": ("a: 1\nb: &b 1", 2, "anchors and aliases"),
    "alias": ("a: [*b]", 1, "anchors and aliases"),
    "billion laughs": (BILLION_LAUGHS, 1, "anchors and aliases"),
    "duplicate key": ("a: 1\nb: 2\na: 3", 3, "'a' stands here twice"),
    "duplicate key inside a list": ("a:\n  - {b: 1}\n  - {b: 1, b: 2}", 3, "'b' stands here twice"),
    "open brackets": ("a: " + "[" * 100_000, 1, "nested more than 20 deep"),
    "open braces": ("a: " + "{a: " * 100_000, 1, "nested more than 20 deep"),
    "deep blocks": ("\n".join(" " * depth + "a:" for depth in range(1000)), 21, "nested more than 20 deep"),
    "deep dashes": ("- " * 300_000, 1, "nested more than 20 deep"),
    "a list": ("- a: 1", 1, "expected a mapping"),
    "a word": ("hello", 1, "expected a mapping"),
    "two documents": ("a: 1\n---\nb: 2", 2, "more than one document"),
    "a list as a key": ("a: 1\n? [b]\n: 1", 2, "a field's name is a word"),
    "control character": ("a: 1\nb: x\x00", 2, "not plain text: character '\\x00'"),
    "tab": ("a:\n\t- b", 2, "not valid YAML"),
    "open quote": ('a: 1\nb: "x', 2, "not valid YAML"),
    "text after a mapping": ("a: {b: 1} c", 1, "not valid YAML"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.fault("yaml")
def test_what_is_no_plain_data_is_refused_at_its_line(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text, line, message = HOSTILE[case]
    (tmp_path / "f.yaml").write_text(text)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        with pytest.raises(RecipeError) as caught:
            read_file(Path("f.yaml"))
        seconds.append(time.perf_counter() - start)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"f.yaml:{line}: ")
    assert "\n" not in str(caught.value)
    assert min(seconds) < 0.1
    assert not (tmp_path / "MARKER").exists()


@pytest.mark.fault("yaml")
def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    with pytest.raises(RecipeError, match=r"^cannot read f: No such file"):
        read_file(path, "f")
    with pytest.raises(RecipeError, match=r"^cannot read f: Is a directory"):
        read_file(tmp_path, "f")
    path.write_bytes(b"a: 1\nb: \xff\xfe\x00")
    with pytest.raises(RecipeError, match=r"^f:2: not UTF-8 text \(byte 8\)"):
        read_file(path, "f")


@pytest.mark.fault("yaml")
def test_a_recipe_has_at_most_a_megabyte(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text("a: " + "x" * (LARGEST_BYTES - 3))
    assert len(read_file(path).tree["a"]) == LARGEST_BYTES - 3
    path.write_text("a: " + "x" * (LARGEST_BYTES - 2))
    for too_large in (path, Path("/dev/zero")):
        with pytest.raises(RecipeError, match=r": more than 1,000,000 bytes, which is the most"):
            read_file(too_large)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3e-4", "3e-4"),
        ("no", "no"),
        ("a: b, c # d", "a: b, c # d"),
        ("*x", "*x"),
        ("!!int 3", "!!int 3"),
        ("", None),
        ("~", None),
        ("null", None),
        ('"null"', "null"),
        ("'a b'", "a b"),
        ("[0.7,1.1]", ["0.7", "1.1"]),
        ("[]", []),
        ("{a: {b: [1, ~]}}", {"a": {"b": ["1", None]}}),
    ],
)
def test_values_of_overrides(text: str, value: object) -> None:
    assert read_value(text, "override a") == value


@pytest.mark.parametrize(
    "text", ["[1, 2", "{a", "'x", "[*a]", "[!mine 1]", "[1] 2", "a\x00", "\udcff", "[" * 99]
)
@pytest.mark.fault("yaml")
def test_broken_values_of_overrides_are_refused(text: str) -> None:
    with pytest.raises(RecipeError, match=r"^override a:\d+: "):
        read_value(text, "override a")


YAML_LIKE = st.text(st.sampled_from("ab:=.,-?!&*#|>%@'\"[]{} \n\t\\0~\x00\ud800é"), max_size=60)
FUZZ = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def result(read: Callable[[str, str], object], text: str) -> object:
    """What was read, or the refusal; any other error escapes."""
    try:
        return read(text, "place")
    except RecipeError as error:
        return error


@FUZZ
@given(st.one_of(YAML_LIKE, st.text(max_size=60)))
@pytest.mark.fault("fuzz")
def test_any_text_is_read_or_refused(text: str) -> None:
    found = result(read_text, text)
    if isinstance(found, Document):
        assert set(flatten(found.tree)) <= set(found.lines)
    else:
        assert str(found).startswith("place:")


@FUZZ
@given(st.one_of(YAML_LIKE, st.text(max_size=60)))
@pytest.mark.fault("fuzz")
def test_any_value_is_read_or_refused(text: str) -> None:
    found = result(read_value, text)
    assert found is None or isinstance(found, str | list | dict) or str(found).startswith("place:")


@FUZZ
@given(st.one_of(YAML_LIKE, YAML_LIKE.map("a.b=".__add__), st.text(max_size=60).map("a={}[".__add__)))
@pytest.mark.fault("fuzz")
def test_any_override_is_read_or_refused(text: str) -> None:
    found = result(lambda override, _: split_override(override), text)
    assert "override" in str(found) if isinstance(found, RecipeError) else text.startswith(f"{found[0]}=")  # type: ignore[index]
