"""Write the card of the latest evaluated model, as a page and as Markdown.

The parts follow Mitchell et al. 2019, Model Cards for Model Reporting, arXiv:1810.03993.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kit.card import provenance
from kit.card.document import Card
from kit.card.files import MARKDOWN, PAGE, card_folder
from kit.card.language import in_readers_language
from kit.card.markdown import as_markdown
from kit.card.origins import Origins
from kit.card.page import as_page
from kit.card.quality import Judgement
from kit.session import Session
from kit.workspace import write_atomically


@dataclass(frozen=True)
class Written:
    """The two files of a card."""

    page: Path
    markdown: Path

    def __str__(self) -> str:
        return f"Model card: {self.page}\n            {self.markdown}"


def write_card(session: Session, found: Sequence[str] = ()) -> Written:
    """Write the card of the model that was evaluated last.

    A model has one folder, named by its number in ML Metadata; evaluated again, its card is replaced.

    Args:
        session: the session whose latest model and evaluation it describes.
        found: more sentences about weaknesses, such as the blind-spot finder's.

    Raises:
        StepOrderError: when no model was evaluated.
    """
    origins = Origins(session)
    card = in_readers_language(make_card(session, origins, found))
    folder = card_folder(session.workspace, session.project.name, str(origins.model.id))
    written = Written(folder / PAGE, folder / MARKDOWN)
    write_atomically(written.page, as_page(card))
    write_atomically(written.markdown, as_markdown(card))
    return written


def make_card(session: Session, origins: Origins, found: Sequence[str] = ()) -> Card:
    """Collect all parts of the card."""
    project, judgement = session.project, Judgement(session)
    overridden = judgement.desk.overridden()
    verdict = (
        f"{judgement.desk.verdict()} Overridden by {overridden}" if overridden else judgement.desk.verdict()
    )
    return Card(
        title=f"Model card: {project.spec.title or project.name}",
        verdict=verdict,
        blessed=judgement.desk.blessed,
        parts=[
            provenance.details(session, origins),
            provenance.use(session),
            judgement.overall(),
            judgement.by_slice(),
            judgement.gates(),
            judgement.limits(found),
            provenance.data(session, origins),
            provenance.schema(session, origins),
            provenance.training(origins),
        ],
    )
