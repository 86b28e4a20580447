"""`python -m tests.accuracy`: how often the matcher and the diagnosis are right, on samples and on variants of them."""

from __future__ import annotations

from diag.knowledge.runbooks import Knowledge, load_knowledge
from tests.accuracy.containers import CONTAINERS, fits
from tests.accuracy.measure import Score, answer, is_right, score
from tests.accuracy.out_of_sample import Figures, expected, explained, figures
from tests.accuracy.samples import INCIDENTS, REAL_OUTPUTS, samples
from tests.accuracy.variants import VARIANTS, variants


def main() -> None:
    """Prints the per-cause table, top-1 of every set, the confusions and the promises that unproven causes need."""
    knowledge = load_knowledge()
    known = samples(INCIDENTS, REAL_OUTPUTS)
    answers = [answer(sample, sample.text, knowledge) for sample in known]
    whole = score(answers, knowledge)
    print(f"{'cause':<40} {'precision':>9} {'recall':>7} {'samples':>8}")
    for cause, (precision, recall, count) in whole.per_cause.items():
        print(f"{cause:<40} {precision:>9.2f} {recall:>7.2f} {count:>8}")
    print()
    for name, file in (("incidents", INCIDENTS), ("real outputs", REAL_OUTPUTS)):
        _print(name, score([a for a in answers if a.sample in samples(file)], knowledge))
    for kind in VARIANTS:
        given = [answer(s, variants(s.text, number)[kind], knowledge) for number, s in enumerate(known)]
        _print(f"variants: {kind}", score(given, knowledge))
    print("\nconfusions (established cause: named cause, how often)")
    for (cause, named), count in whole.confusions.most_common():
        note = "its broader cause" if is_right(cause, named, knowledge) else ""
        print(f"  {cause}: {named} x{count} {note}".rstrip())
    unproven = [a for a in answers if not (a.sample.confirmed and a.sample.cause)]
    print(f"\nunproven or healthy records: {len(unproven)}, called confirmed: {sum(a.is_confirmed for a in unproven)}")
    _print_out_of_sample(knowledge)


def _print_out_of_sample(knowledge: Knowledge) -> None:
    records = expected()
    print("\nout of sample                top-1          confirmed wrongly   causes of harmless texts   overstated")
    _print_figures("as they are", figures([explained(r, r.text, knowledge) for r in records], knowledge))
    for name, wrap in CONTAINERS.items():
        answers = [explained(record, wrap(record.text), knowledge) for record in records if fits(record, name)]
        _print_figures(name, figures(answers, knowledge))


def _print_figures(name: str, of: Figures) -> None:
    print(
        f"{name:<22} {of.right:>4} of {of.asked:<4} {of.top_1:>6.1%} {of.wrongly_confirmed:>10}"
        f" {of.false_positives:>17} of {of.harmless:<4} {of.overstated:>12} of {of.unproven}"
    )


def _print(name: str, result: Score) -> None:
    print(f"{name:<34} top-1 {result.right:>3} of {result.asked:<3} {result.top_1:>6.1%}")


if __name__ == "__main__":
    main()
