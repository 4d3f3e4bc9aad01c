"""What the linear model and the encoder say of a text, made into one calibrated opinion.

A multinomial logistic regression over their scores, fitted on held-out texts (`nlp.training.blend`): it
weighs them and calibrates them at once. It has so few weights (five a language) that it cannot learn
the texts by heart. VADER takes part as a feature of the English linear model: as a third score of its own it
added nothing. Where one of the models is missing its score is nothing, and another row of weights,
fitted without it, is used.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import exp
from pathlib import Path

from nlp.errors import ModelUnavailable
from nlp.sentiment.opinion import Abstention, Opinion, Triple, decided

MODEL_PATH = Path(__file__).parents[1] / "models" / "sentiment-blend.json"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The scores of one text: logits of either model in the order of `LABELS`."""

    linear: Triple | None = None
    encoder: Triple | None = None

    @property
    def kind(self) -> str:
        """Which of them there are, such as `linear+encoder`; it names the row of weights."""
        there = (("linear", self.linear), ("encoder", self.encoder))
        return "+".join(name for name, value in there if value is not None)


@dataclass(frozen=True, slots=True)
class Row:
    """Weights of the scores, a bias for each label, and from which chance on each label is given."""

    linear: float
    encoder: float
    biases: Triple
    thresholds: Triple

    def chances(self, evidence: Evidence) -> Triple:
        """Return the calibrated chance of each label."""
        linear, encoder = evidence.linear or (0.0, 0.0, 0.0), evidence.encoder or (0.0, 0.0, 0.0)
        scores = [self.linear * linear[at] + self.encoder * encoder[at] + self.biases[at] for at in range(3)]
        top = max(scores)
        negative, neutral, positive = (exp(score - top) for score in scores)
        total = negative + neutral + positive
        return negative / total, neutral / total, positive / total


class Blend:
    """All rows by language and kind of evidence; languages without rows of their own share `other`."""

    def __init__(self, rows: dict[str, dict[str, Row]], version: str) -> None:
        self.rows = rows
        self.version = version

    @classmethod
    def load(cls, path: Path = MODEL_PATH) -> Blend:
        """Read what `save` wrote. Raises ModelUnavailable where the file is missing or damaged."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            rows = {
                language: {
                    kind: Row(
                        float(row["linear"]), float(row["encoder"]),
                        _triple(row["biases"]), _triple(row["thresholds"]),
                    )
                    for kind, row in kinds.items()
                }
                for language, kinds in stored["rows"].items()
            }  # fmt: skip
            return cls(rows, str(stored["version"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelUnavailable(f"{path.name} cannot be read ({error}); install Marsad again") from error

    def save(self, path: Path) -> None:
        """Write the rows as JSON."""
        rows = {
            language: {kind: asdict(row) for kind, row in kinds.items()}
            for language, kinds in self.rows.items()
        }
        path.write_text(
            json.dumps({"version": self.version, "rows": rows}, indent=1) + "\n", encoding="utf-8"
        )

    def row(self, language: str, evidence: Evidence) -> Row | None:
        """Return the weights for this language and evidence, None where such evidence says nothing."""
        return self.rows.get(language, self.rows.get("other", {})).get(evidence.kind)

    def opine(self, language: str, evidence: Evidence) -> Opinion | Abstention:
        """Return the opinion that the evidence supports, or that none is sure enough."""
        row = self.row(language, evidence)
        if row is None:
            return Abstention.NO_MODEL
        return decided(row.chances(evidence), row.thresholds)


def _triple(values: Sequence[float]) -> Triple:
    negative, neutral, positive = (float(value) for value in values)
    return negative, neutral, positive
