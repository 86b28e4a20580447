"""A node's answers put together: what is missing says why, and the lab's nodes speak as the parsers read."""

from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import NodeReport, Vantage
from diag.resources.via import Via
from diag.sources.nodes.parsers.answers import Answer, Answers, parse_answers
from diag.sources.nodes.parsers.report import FIELDS, Reading, report_of
from tests.lab.nodes import NodeSays


def truth(output: bytes, **fields: object) -> NodeReport:
    reading = Reading("node-a", Via.SSH, Vantage.HOST, parse_answers(output.decode()), 1.0, 2.0, **fields)  # type: ignore[arg-type]
    return report_of(reading)


def test_a_whole_answer_leaves_nothing_open() -> None:
    found = truth(NodeSays("10.0.1.4", fsname="ddyezbev", clock="1").probe_output())
    assert found.client_version == "2.15.6"
    assert found.nids == ("10.0.1.4@tcp",)
    assert found.imports and {i.state for i in found.imports} == {"FULL"}
    assert set(found.missing) <= {"clock_skew_s", "dkms", "lnet_conf"}  # Amazon Linux has no DKMS


def test_every_field_is_told_or_missing() -> None:
    found = truth(NodeSays("10.0.1.4", is_loaded=False).probe_output())
    for field in FIELDS:
        assert (getattr(found, field) is None) == (field in found.missing), field


def test_cut_output_blames_the_question_that_hung() -> None:
    output = NodeSays("10.0.1.4").probe_output()
    cut = output[: output.index(b"#end nids")]
    late = Unavailable("node node-a", Reason.TIMEOUT, "the probe took too long")
    found = truth(cut, ended=late)
    assert found.kernel is not None
    assert "gave no answer in time" in found.why_missing("nids").detail
    assert found.why_missing("names").detail == "the probe took too long"


def test_absent_is_told_apart_from_unasked() -> None:
    found = truth(NodeSays("10.0.1.4", client="").probe_output("sockets"))
    assert found.is_absent("installed_module") and found.is_absent("client_version")
    assert found.why_missing("sockets").reason is Reason.NOT_ASKED


def test_a_container_without_the_node_s_devices_is_no_node_without_lnet() -> None:
    """/dev/lnet and debugfs are the node's; the client that /sys shows is proof that they are there."""
    hidden = {
        "nids": (1, "opening /dev/lnet failed: No such file or directory"),
        "imports": (2, "error: get_param: param_path 'mgc/*/import': No such file or directory"),
    }
    answers = NodeSays("10.0.1.4", fsname="ddyezbev").answers() | hidden
    said = Answers({question: Answer(*answer) for question, answer in answers.items()}, is_probe=True, is_complete=True)
    in_pod = report_of(Reading("node-a", Via.EXEC, Vantage.POD, said, 1.0, 2.0))
    on_host = report_of(Reading("node-a", Via.SSH, Vantage.HOST, said, 1.0, 2.0))
    for field in hidden:
        assert in_pod.missing[field].reason is Reason.NOT_ASKED and "debugfs" in in_pod.missing[field].detail
        assert on_host.is_absent(field)


def test_a_container_s_word_counts_where_the_kernel_has_no_client_or_lnet_itself_answers() -> None:
    unloaded = parse_answers(NodeSays("10.0.1.4", is_loaded=False).probe_output().decode())
    assert report_of(Reading("node-a", Via.EXEC, Vantage.POD, unloaded, 1.0, 2.0)).is_absent("nids")
    down = {"nids": (1, "IOC_LIBCFS_GET_NI error 100: Network is down")}
    said = Answers({q: Answer(*a) for q, a in (NodeSays("10.0.1.4").answers() | down).items()}, is_probe=True)
    assert report_of(Reading("node-a", Via.EXEC, Vantage.POD, said, 1.0, 2.0)).is_absent("nids")
