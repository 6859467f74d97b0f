"""A text that gets better round by round: drafted, reviewed, refined until it is good enough."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, NamedTuple

from fast_dag import FSM, FSMContext

DATA = Path(__file__).parent / "data"
GOOD = 0.99
LIKENESS = [0.9, 0.8, 0.7]  # how much a word and its correction must be alike, round by round


class Review(NamedTuple):
    """A text, its words that the list does not have, and how many of its words are known, from 0 to 1."""

    text: str
    unknown: list[str]
    score: float


flow = FSM("spelling")


@flow.state(initial=True, transitions=["review"])
def draft(path: Path) -> str:
    """Begin with the text as it is, but for words that stand there twice."""
    return re.sub(r"\b(\w+) \1\b", r"\1", path.read_text())


@flow.state
def review(text: str, known: set[str]) -> Review:
    """Look every word up."""
    words = re.findall(r"[A-Za-z]+", text)
    unknown = [word for word in words if word.lower() not in known]
    return Review(text, list(dict.fromkeys(unknown)), 1 - len(unknown) / max(1, len(words)))


@flow.state(transitions=["review"])
def refine(reviewed: Review, known: set[str], context: FSMContext) -> str:
    """Correct what is close enough to a known word, bolder than the round before."""
    likeness = LIKENESS[context.visits["review"] - 1]
    text = reviewed.text
    for word in reviewed.unknown:
        for better in get_close_matches(word.lower(), known, 1, likeness):
            text = re.sub(rf"\b{word}\b", better.title() if word.istitle() else better, text)
    return text


@flow.state(terminal=True)
def finalize(reviewed: Review) -> Review:
    """Mark what is still unknown for somebody to look at."""
    text = reviewed.text
    for word in reviewed.unknown:
        text = re.sub(rf"\b{word}\b", f"[{word}]", text)
    return reviewed._replace(text=text)


def judge(reviewed: Review, context: FSMContext) -> Literal["refine", "finalize"]:
    """Leave when the text is good, or when nothing bolder is left to try."""
    rounds = context.visits.get("refine", 0)
    return "finalize" if reviewed.score >= GOOD or rounds == len(LIKENESS) else "refine"


flow.add_conditional_transition(review, judge)


def main() -> None:
    """Correct a report, and show what each round made of it."""
    known = set((DATA / "words.txt").read_text().split())
    final = flow.run(path=DATA / "report.txt", known=known)
    for number, each in enumerate(flow.get_history("review"), start=1):
        print(f"review {number}: {each.score:.1%} known, not {', '.join(each.unknown)}")
    print(final.text)


if __name__ == "__main__":
    main()
