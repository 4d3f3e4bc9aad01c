"""What the encoder's heads answer, in the order of their logits."""

from __future__ import annotations

ENTITY_LABELS = ("PERSON", "LOC", "ORG", "PRODUCT")
TAGS = ("O", *(f"{part}-{label}" for label in ENTITY_LABELS for part in "BI"))
