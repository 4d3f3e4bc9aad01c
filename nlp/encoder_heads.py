"""What the encoder's heads answer, in the order of their logits."""

from __future__ import annotations

from storage.records import SentimentLabel

LABELS = (SentimentLabel.NEGATIVE, SentimentLabel.NEUTRAL, SentimentLabel.POSITIVE)
DIALECTS = ("msa", "gulf", "egyptian", "levantine", "maghrebi")
ENTITY_LABELS = ("PERSON", "LOC", "ORG", "PRODUCT")
TAGS = ("O", *(f"{part}-{label}" for label in ENTITY_LABELS for part in "BI"))
