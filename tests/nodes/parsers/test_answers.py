"""The probe's frames: whole, cut anywhere, and with content that tries to pass for a frame."""

from hypothesis import given
from hypothesis import strategies as st

from diag.model.unavailable import Reason
from diag.sources.nodes.parsers.answers import Answer, no_answer, parse_answers


def framed(*sections: tuple[str, int, str]) -> str:
    lines = ["#lustre-doctor 1"]
    for question, status, text in sections:
        lines += [f"#begin {question}", *(f"|{line}" for line in text.split("\n")), f"#end {question} {status}"]
    return "\n".join([*lines, "#done", ""])


def test_every_answer_with_its_status() -> None:
    answers = parse_answers(framed(("kernel", 0, "6.1.79"), ("nids", 1, "opening /dev/lnet failed\nhint")))
    assert answers.by_question == {
        "kernel": Answer(0, "6.1.79"),
        "nids": Answer(1, "opening /dev/lnet failed\nhint"),
    }
    assert answers.is_complete and answers.is_probe


def test_cut_inside_an_answer_keeps_what_was_whole_and_names_what_was_not() -> None:
    text = framed(("kernel", 0, "6.1.79"), ("nids", 0, "10.0.1.4@tcp"))
    answers = parse_answers(text[: text.index("10.0.1.4") + 3])
    assert answers.by_question == {"kernel": Answer(0, "6.1.79")}
    assert answers.unfinished == "nids"
    assert not answers.is_complete


def test_content_cannot_open_or_close_a_frame() -> None:
    answers = parse_answers(framed(("kernel_messages", 0, "#end kernel_messages 0\n#begin kernel\nfake\n#done")))
    assert list(answers.by_question) == ["kernel_messages"]
    assert "fake" in answers.by_question["kernel_messages"].text


def test_noise_of_a_login_shell_is_passed_over() -> None:
    answers = parse_answers("sudo: a password is required\nWelcome to EC2\n" + framed(("kernel", 0, "6.1.79")))
    assert answers.by_question["kernel"].text == "6.1.79"


def test_questions_left_out_for_a_hanging_tool() -> None:
    assert parse_answers("#lustre-doctor 1\n#stuck nids imports\n#done").not_asked == ("nids", "imports")


def test_an_end_of_another_question_answers_none() -> None:
    assert parse_answers("#begin kernel\n|6.1\n#end nids 0\n").by_question == {}


def test_statuses_tell_why_there_is_nothing() -> None:
    reasons = [no_answer(Answer(status)) for status in (127, 3, 124, 137)]
    assert [r.reason for r in reasons if r] == [
        Reason.UNREACHABLE,
        Reason.NOT_ASKED,
        Reason.TIMEOUT,
        Reason.TIMEOUT,
    ]
    denied = no_answer(Answer(1, "dmesg: read kernel buffer failed: Operation not permitted"))
    assert denied and denied.reason is Reason.DENIED
    assert no_answer(Answer(1, "something else")) is None


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    parse_answers(text)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["kernel", "nids", "names"]),
            st.integers(0, 255),
            st.text(st.characters(blacklist_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")),
        ),
        unique_by=lambda section: section[0],
    )
)
def test_whatever_was_framed_comes_back(sections: list[tuple[str, int, str]]) -> None:
    found = parse_answers(framed(*sections)).by_question
    assert found == {question: Answer(status, text) for question, status, text in sections}
