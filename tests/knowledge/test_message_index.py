"""The message catalogue comes from its index where that is whole and up to date, and says the same as its files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from diag.knowledge import messages
from diag.knowledge.messages import FOLDER, INDEX, Catalogue, load_messages, words_of, write_messages


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A part of the catalogue's files, without an index."""
    for name in ("kinds.toml", "lnet.toml"):
        shutil.copy(FOLDER / name, tmp_path)
    monkeypatch.setattr(messages, "FOLDER", tmp_path)
    load_messages.cache_clear()
    yield tmp_path
    load_messages.cache_clear()


def read() -> Catalogue:
    load_messages.cache_clear()
    return load_messages()


def said(catalogue: Catalogue) -> tuple[object, ...]:
    of_words = [catalogue.message(number) for number, _ in catalogue.words]
    words = sorted({word for message in catalogue.messages for part in message.parts for word in words_of(part)})
    by_word = [catalogue.message(number) for word in words for number in catalogue.numbers(word)]
    return catalogue.messages, of_words, by_word, catalogue.sources, catalogue.components


def test_the_index_says_what_the_files_say(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = said(read())
    assert write_messages() and not write_messages()
    monkeypatch.setattr(messages, "compile_messages", lambda _: pytest.fail("the files were parsed"))
    assert said(read()) == compiled
    assert all(compiled)


@pytest.mark.parametrize("kept", [0, 1, 1000, -100, -1])
def test_an_index_that_was_cut_off_is_not_used(folder: Path, kept: int) -> None:
    compiled = said(read())
    write_messages()
    index = folder / INDEX
    index.write_bytes(index.read_bytes()[:kept])
    assert said(read()) == compiled
    assert write_messages()


def test_whoever_reads_the_former_index_goes_on_with_it(folder: Path) -> None:
    write_messages()
    former = read()
    before = former.messages
    messages._message.cache_clear()
    file = folder / "lnet.toml"
    file.write_bytes(file.read_bytes().replace(b"'lnet-", b"'longer-"))
    assert write_messages()
    assert former.messages == before != read().messages
