"""A text in another language is the same text."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.knowledge.errors import errors, translations
from diag.knowledge.runbooks import load_knowledge
from diag.model.diagnosis import Likelihood
from diag.texts.line import normalise
from diag.texts.translation import to_english
from tests.accuracy.measure import Answer, answer
from tests.accuracy.samples import Sample

KNOWLEDGE = load_knowledge()
EVENT = """MountVolume.SetUp failed for volume "data" : rpc error: code = Internal desc = Could not mount "fs-0a1b2c3d4e5f60718.fsx.eu-central-1.amazonaws.com@tcp:/k7xq3bev" at "/var/lib/kubelet/pods/0c1d/mount": mount failed: exit status {number}
Mounting command: mount
Mounting arguments: -t lustre fs-0a1b2c3d4e5f60718.fsx.eu-central-1.amazonaws.com@tcp:/k7xq3bev /var/lib/kubelet/pods/0c1d/mount
Output: mount.lustre: mount fs-0a1b2c3d4e5f60718.fsx.eu-central-1.amazonaws.com@tcp:/k7xq3bev at /var/lib/kubelet/pods/0c1d/mount failed: {message}
"""  # noqa: E501
LINE = "mount.lustre: mount 10.0.1.20@tcp:/abcdefgh at /mnt/fsx failed: {message}\n"

TRANSLATIONS: dict[str, list[str]] = defaultdict(list)
for foreign, english in translations():
    TRANSLATIONS[english].append(foreign)


def explained(text: str) -> Answer:
    return answer(Sample("", "", "", "", False, text), text, KNOWLEDGE)


@pytest.mark.parametrize(
    "name", ["EINVAL", "ENODEV", "ENOENT", "EIO", "ETIMEDOUT", "EEXIST", "EPERM", "ENOKEY", "EBUSY"]
)
@pytest.mark.parametrize("shape", [EVENT, LINE], ids=["event", "line"])
def test_an_error_in_another_language_has_the_causes_of_its_english_twin(shape: str, name: str) -> None:
    error = errors()[name]
    expected = explained(shape.format(number=error.number, message=error.message)).causes
    for foreign in TRANSLATIONS[error.message]:
        assert explained(shape.format(number=error.number, message=foreign)).causes == expected, foreign


def test_a_sentence_that_somebody_translated_is_understood_by_its_error() -> None:
    text = "mount.lustre: 10.0.1.20@tcp:/abcdefgh 를 /mnt/fsx 에 마운트 실패: 부적절한 인수"
    assert explained(text).causes == explained(LINE.format(message="Invalid argument")).causes != ()


@pytest.mark.parametrize(
    ("foreign", "english"),
    [
        ("mount: /fsx: unbekannter Dateisystemtyp »lustre«.", "mount: /fsx: unknown filesystem type 'lustre'."),
        ("mount: /fsx: 알 수 없는 'lustre' 파일 시스템 형식.", "mount: /fsx: unknown filesystem type 'lustre'."),
        ("mount: /fsx: 未知的文件系统类型“lustre”.", "mount: /fsx: unknown filesystem type 'lustre'."),
        ("umount: /fsx: das Ziel wird gerade benutzt.", "umount: /fsx: target is busy."),
        ("umount: /fsx: la cible est active.", "umount: /fsx: target is busy."),
        ("mount: /fsx: el punto de montaje no existe.", "mount: /fsx: mount point does not exist."),
        (
            "mount: /fsx: mount(2)-Systemaufruf ist fehlgeschlagen: Das Argument ist ungültig.",
            "mount: /fsx: mount(2) system call failed: Invalid argument.",
        ),
        ("ls: cannot access '/fsx': Operation timed out", "ls: cannot access '/fsx': Connection timed out"),
    ],
)
def test_what_programs_print_elsewhere_becomes_english(foreign: str, english: str) -> None:
    assert to_english(normalise(foreign)) == english


def test_a_file_system_type_that_the_kernel_does_not_know_is_found_in_every_language() -> None:
    template = "mount: /mnt/fsx: {message}."
    expected = explained(template.format(message="unknown filesystem type 'lustre'")).causes
    assert expected != ()
    for foreign in TRANSLATIONS["unknown filesystem type '%s'"]:
        assert explained(template.format(message=foreign.replace("%s", "lustre"))).causes == expected, foreign


@pytest.mark.parametrize("text", ["", "hello world", "Ich verstehe nur Bahnhof", "오늘은 좋은 날입니다", "%s %m"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert to_english(text) == text


@given(st.text(max_size=200))
def test_no_text_breaks_the_translation(text: str) -> None:
    to_english(normalise(text))


def test_many_texts_are_translated_as_few_are() -> None:
    text = "mount.lustre: failed: 接続がタイムアウトしました"
    assert {to_english(text) for _ in range(50)} == {"mount.lustre: failed: Connection timed out"}


@pytest.mark.parametrize("quotes", ["»{}«", "„{}“", "«{}»", '"{}"'])
def test_the_style_of_quotes_does_not_matter(quotes: str) -> None:
    text = f"mount: /mnt/fsx: unbekannter Dateisystemtyp {quotes.format('lustre')}."
    assert "unknown filesystem type 'lustre'" in to_english(normalise(text))


COMMAND = "mount -t lustre 10.0.1.20@tcp:/abcdefgh /mnt/fsx fails: {message}"
PING = "lctl ping 10.0.1.20@tcp: failed to ping 10.0.1.20@tcp: {message}"
NAMED = ("rc = -{number}", "errno {number}", "{name}", "{message} ({number})")


@pytest.mark.parametrize("name", sorted(errors()))
@pytest.mark.parametrize("shape", [EVENT, LINE, COMMAND, PING], ids=["event", "line", "command", "ping"])
def test_an_error_is_the_same_by_number_by_name_in_words_and_in_every_language(shape: str, name: str) -> None:
    error = errors()[name]
    expected = of(explained(shape.format(number=error.number, message=error.message)))
    said = [way.format(number=error.number, name=name, message=error.message) for way in NAMED]
    for message in (*said, *TRANSLATIONS[error.message]):
        assert of(explained(shape.format(number=error.number, message=message))) == expected, message


def of(answer: Answer) -> list[str]:
    return [cause for cause, _ in answer.causes]


@pytest.mark.parametrize("name", ["ENOENT", "EIO", "ENODEV", "ENOTDIR", "EINVAL", "EHOSTUNREACH", "ENOKEY"])
def test_the_exit_status_alone_tells_what_mount_lustre_printed(name: str) -> None:
    error = errors()[name]
    whole = EVENT.format(number=error.number, message=error.message)
    alone = explained(whole.partition("Output: ")[0]).causes
    assert {likelihood for _, likelihood in alone} == {Likelihood.POSSIBLE}
    assert {cause for cause, _ in alone} <= {cause for cause, _ in explained(whole).causes}


@pytest.mark.parametrize(
    "text",
    [
        "mount failed: exit status 32",
        "umount -t lustre 10.0.1.20@tcp:/abcdefgh: exit status 16",
        "the job ended with exit status 5",
        "rc = -999 of an ENGINE",
        "Device or resource busy (rc = -113)",
    ],
)
def test_a_number_that_is_no_error_of_a_mount_stays_as_it_is(text: str) -> None:
    assert to_english(text) == text


def test_a_message_that_holds_anothers_words_stays_as_it_is() -> None:
    assert to_english("Remote I/O error") == "Remote I/O error"
    assert to_english("遠隔I/Oエラーです") == "Remote I/O error"
    assert to_english("I/O error") == "Input/output error"


SENTENCES = (
    "Mounting Lustre at /mnt/fsx fails: {message}",
    "/mnt/fsx 에 Lustre 마운트가 실패했습니다: {message}",
    "Lustre を /mnt/fsx にマウントできません: {message}",
    "在 /mnt/fsx 挂载 Lustre 失败：{message}",
    "在 /mnt/fsx 掛載 Lustre 失敗：{message}",
    "Das Einhängen von Lustre auf /mnt/fsx schlägt fehl: {message}",
    "Le montage de Lustre sur /mnt/fsx échoue : {message}",
    "El montaje de Lustre en /mnt/fsx falla: {message}",
    "A montagem do Lustre em /mnt/fsx falha: {message}",
)


@pytest.mark.parametrize("name", ["ENOENT", "EPERM", "E2BIG", "ENODEV", "EINVAL", "ENOSYS", "EMSGSIZE", "ETIMEDOUT"])
def test_an_error_in_a_sentence_of_any_language_is_the_same(name: str) -> None:
    error = errors()[name]
    expected = of(explained(SENTENCES[0].format(message=error.message)))
    ways = (*NAMED, "os error {number}", "{message}", *TRANSLATIONS[error.message])
    said = [way.format(number=error.number, name=name, message=error.message) for way in ways]
    for sentence in SENTENCES:
        for message in said:
            assert of(explained(sentence.format(message=message))) == expected, sentence.format(message=message)
