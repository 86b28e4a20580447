"""One error in all its spellings, and nothing that only looks like one."""

from __future__ import annotations

import errno
import gettext
import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.grammar.regex import Pattern
from diag.knowledge.errors import NOT_AN_ERRNO, errors, errors_pattern, errors_texts, translations
from diag.texts.line import normalise


@pytest.mark.skipif(sys.platform != "linux", reason="the numbers and messages are those of Linux and glibc")
@pytest.mark.parametrize("name", errors())
def test_the_table_is_what_linux_and_its_c_library_say(name: str) -> None:
    error = errors()[name]
    assert error.number == getattr(errno, name)
    assert error.message == os.strerror(error.number)


@pytest.mark.parametrize(
    "text",
    [
        "mount failed: exit status 22",
        "command terminated with exit code 22",
        "Expected process to exit with [0], but received exit code: '22'",
        "llite: Unable to mount <unknown>: rc = -22",
        "Configuration from log -client failed from MGS -22. Check",
        "setup MGC10.77.0.2@o2ib failed (-22)",
        "failed: Invalid argument",
        "write: invalid argument",
        "OSError: [Errno 22] Invalid argument",
        "Invalid argument (os error 22)",
        "failed with EINVAL",
        "errno: -22",
        "errno=22",
        "err 22",
        "ioctl: ret=-22",
    ],
)
def test_every_spelling_of_one_error_is_it(text: str) -> None:
    assert Pattern(errors_pattern(["EINVAL"])).search(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "exit status 2",
        "exit status 221",
        "rc = -2",
        "rc = -122",
        "22 pods",
        "10.0.0.22",
        "port 22",
        "EINVALID",
        "x-22b",
    ],
)
def test_another_number_is_not(text: str) -> None:
    assert Pattern(errors_pattern(["EINVAL"])).search(text) is None


def test_an_exit_status_of_mount_itself_is_no_error_number() -> None:
    for number in NOT_AN_ERRNO:
        for name in (error.name for error in errors().values() if error.number == number):
            assert Pattern(errors_pattern([name])).search(f"mount failed: exit status {number}") is None


@given(st.sampled_from(sorted(errors())), st.data())
def test_what_is_looked_for_first_is_in_every_match(name: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(errors_pattern([name]).replace("(?i:", "(?:"), fullmatch=True))
    assert any(plain in text.lower() for plain in errors_texts([name]))


def test_any_of_several_errors() -> None:
    pattern = Pattern(errors_pattern(["EIO", "ETIMEDOUT"]))
    assert pattern.search("exit status 110") and pattern.search("Input/output error")
    assert not pattern.search("exit status 11")


def test_no_foreign_text_is_two_errors() -> None:
    seen: dict[str, str] = {}
    for foreign, english in translations():
        assert seen.setdefault(foreign, english) == english, foreign


def test_every_foreign_text_is_as_a_normalised_text_has_it() -> None:
    assert [foreign for foreign, _ in translations() if normalise(foreign) != foreign] == []


def test_every_error_has_its_text_in_each_language() -> None:
    counted = Counter(english for _, english in translations())
    assert {error.message for error in errors().values() if counted[error.message] < 12} == set()


LOCALES = Path("/usr/share/locale")


@pytest.mark.parametrize("language", ["ko", "ja", "zh_CN", "zh_TW", "de", "fr", "es", "pt", "pt_BR"])
def test_every_error_is_known_as_this_machines_glibc_words_it(language: str) -> None:
    catalogue = LOCALES / language / "LC_MESSAGES" / "libc.mo"
    if not catalogue.exists():
        pytest.skip("Debian's libc-l10n is not installed")
    with catalogue.open("rb") as file:
        strerror = gettext.GNUTranslations(file).gettext
    known = set(translations())
    worded = {strerror(error.message): error.message for error in errors().values()}
    assert {pair for pair in worded.items() if pair[0] != pair[1]} - known == set()
