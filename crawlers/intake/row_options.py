"""Options of the kinds that read rows: which column is what, what a rating means, what is masked."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, field_validator

from crawlers.base import SourceOptions
from crawlers.intake.headings import FIELDS
from crawlers.intake.pseudonym_key import PseudonymKeyOptions, key_of
from crawlers.intake.row_items import RowRules, Scale
from storage.records import MentionKind

Heading = Annotated[str, Field(min_length=1, max_length=300)]
Best = Annotated[float, Field(gt=0, le=1000)]


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("write a zone of the IANA list, such as Asia/Riyadh")
    return name


class RowOptions(SourceOptions, PseudonymKeyOptions):
    """Options of a source that reads rows."""

    columns: dict[str, Heading] = Field(
        default={},
        description=f"Which column is what, where its heading does not tell: {', '.join(FIELDS)}.",
    )
    extra: list[Heading] = Field(
        default=[], max_length=20, description="Further columns to keep with each mention, such as city."
    )
    rating: Scale | Best | None = Field(
        default=None,
        description="What the rating is: nps (0 to 10), csat (1 to 5, percent or words), percent, or the"
        " best there is, such as 7; else its own form tells.",
    )
    mention_kind: MentionKind = Field(
        default=MentionKind.TICKET, description="What each row is: ticket, review, comment, post, article."
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        default="UTC", description="The time zone of times that name none, such as Asia/Riyadh."
    )
    dates: Literal["day_first", "month_first"] | None = Field(
        default=None, description="How to read 03/04/2026; else only what is certain is a date."
    )
    mask_contacts: bool = Field(
        default=True, description="Mask e-mail addresses and telephone numbers in texts."
    )
    pseudonymise: bool = Field(
        default=False,
        description="Keep a pseudonym in place of each author. Else names are kept as they are, and an"
        " author known by an address or a telephone number alone is left out.",
    )

    @field_validator("columns")
    @classmethod
    def _known_fields(cls, columns: dict[str, str]) -> dict[str, str]:
        unknown = next((field for field in columns if field not in FIELDS), None)
        if unknown is not None:
            raise ValueError(f"{unknown[:60]!r} is no field; the fields are {', '.join(FIELDS)}")
        return columns

    def rules(self) -> RowRules:
        """Return how rows are read. Raises as `key_of` does."""
        return RowRules(
            columns=self.columns,
            extra=tuple(self.extra),
            scale=self.rating,
            kind=self.mention_kind,
            zone=self.timezone,
            dates={"day_first": "en-GB", "month_first": "en-US", None: None}[self.dates],
            mask=self.mask_contacts,
            key=key_of(self) if self.pseudonymise else b"",
        )
