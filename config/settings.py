"""Every option of `marsad.yaml`: its type, default, check and help, declared once.

Options that belong to one kind of source, channel or rule are declared by that kind (its `Options`
model); `config.loader` is given those models and puts the validated ones in `options`.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.values import Duration, Weekly

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]
Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Query = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
ModelName = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")]
Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[0-9A-Za-z.:_-]+$")]
Language = Literal["ar", "en"]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("write a zone of the IANA list, such as Asia/Riyadh")
    return name


def _network(raw: object) -> object:
    # An integer would be taken for an address in its decimal form.
    if isinstance(raw, str):
        try:
            return ip_network(raw)
        except ValueError:
            pass
    elif isinstance(raw, IPv4Network | IPv6Network):
        return raw
    raise ValueError("write a network such as 127.0.0.0/8, with zeros after its prefix")


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


def _with_a_word(phrase: str) -> str:
    if any(character.isalnum() for character in phrase):
        return phrase
    raise ValueError("write a word, with a letter or digit")


WordPhrase = Annotated[Phrase, AfterValidator(_with_a_word)]


class Strict(BaseModel):
    """A part of the configuration in which an unknown key is a mistake. `Options` models derive from it."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class Brand(Strict):
    """A brand to find: one's own or, with `competitor: true`, a rival's."""

    name: Name = Field(description="The name in messages; in another script, the first alias in that script.")
    aliases: list[Phrase] = Field(default=[], description="Spellings to look for; else the name itself.")
    require_any: list[Phrase] = Field(default=[], description="At least one of these must stand nearby.")
    exclude: list[Phrase] = Field(
        default=[], description="Phrases in which the alias does not mean the brand."
    )
    case_sensitive: bool = Field(default=False, description="Match upper and lower case exactly.")
    query: Query | None = Field(
        default=None,
        description='A boolean query that replaces the aliases: AND OR NOT NEAR/5 ( ) "a phrase" deliver*.',
    )
    products: list[Phrase] = Field(default=[], description="Its products by name; each speaks of the brand.")
    ambiguous: bool | None = Field(
        default=None,
        description="Whether an alias is an everyday word too (Zoom, كريم); else word lists tell.",
    )
    competitor: bool = Field(default=False, description="Whether this is a rival's brand.")


class Open(BaseModel):
    """A part whose further keys belong to its kind; `options` is filled in by the loader."""

    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True, hide_input_in_errors=True)
    name: Name = Field(description="A name of your choice, used in messages and on the command line.")
    kind: str = Field(description="What kind it is; `marsad sources` and `marsad channels` list them.")
    _options: Any = None

    @property
    def options(self) -> Any:
        """The validated options of the kind: an instance of its `Options` model."""
        return self._options


class Source(Open):
    """A place to collect from."""

    every: Duration | None = Field(
        default=None, description="How often to look, such as 15m; else it adapts."
    )
    brand: str | None = Field(default=None, description="The brand that all of it is about, by name.")
    enabled: bool = Field(default=True, description="false pauses it.")
    audience: int | None = Field(
        default=None, ge=1, description="How many people a piece here usually reaches, where you know it."
    )
    stories: bool = Field(
        default=True, description="false leaves its mentions out of stories: copies are not grouped."
    )


class Channel(Open):
    """A place to send messages to."""

    language: Language | None = Field(default=None, description="Language of its messages; else the top one.")


class AlertRule(Open):
    """A rule that decides when to tell whom."""

    brands: list[str] = Field(default=[], description="The brands it watches, by name; else all of its side.")
    to: list[str] = Field(min_length=1, description="Channels, by name.")


class Digest(Strict):
    """A weekly summary."""

    name: Name = Field(description="A name of your choice, used in messages and on the command line.")
    brands: list[str] = Field(min_length=1, description="The brands it is about, by name.")
    at: Weekly = Field(description="When to send it, such as sunday 09:00, in `timezone`.")
    language: Language | None = Field(default=None, description="ar or en; else the top one.")
    to: list[str] = Field(min_length=1, description="Channels, by name.")


class Campaign(Strict):
    """A campaign of one's own, to tell how people respond to it."""

    name: Name = Field(description="The campaign's name, as it stands in signals.")
    words: list[Phrase] = Field(
        default=[], description="Words that it is known by, such as its slogan and #tag; else its name."
    )


class Webhooks(Strict):
    """Where sources of kind webhook listen, in plain HTTP: put a proxy that speaks TLS in front of it."""

    host: Host = Field(default="127.0.0.1", description="The address to listen at; 0.0.0.0 for all.")
    port: int = Field(default=9465, ge=0, le=65535, description="The port to listen at.")


class Settings(BaseSettings):
    """The whole of `marsad.yaml`. Variables named MARSAD_… (MARSAD_DATABASE) win over the file."""

    model_config = SettingsConfigDict(
        env_prefix="MARSAD_", extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )
    timezone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="UTC", description="The readers' time zone (IANA name)."
    )
    week_starts: Literal["saturday", "sunday", "monday"] = Field(
        default="sunday", description="The first day of the readers' week."
    )
    language: Language = Field(default="en", description="Language of messages where a channel names none.")
    languages: list[str] = Field(
        default=["ar", "en", "fr"], description="Languages that mentions are written in (BCP 47)."
    )
    database: str = Field(
        default="sqlite:///var/marsad.db",
        repr=False,  # it may hold a password
        description="sqlite:///path (relative to this file) or postgresql+psycopg://…",
    )
    story_window: Duration = Field(
        default=timedelta(days=7), description="How far from the first of a story its copies may come."
    )
    count_spam: bool = Field(
        default=False, description="true counts giveaways, adverts and copied reviews, which are marked."
    )
    workers: int = Field(default=1, ge=1, le=64, description="Processes that read and understand texts.")
    profile: Literal["fast", "full"] = Field(
        default="full",
        description="fast leaves out the encoder and all names but brands: 10 times the speed.",
    )
    sentiment_model: ModelName | None = Field(
        default=None,
        description="A Hugging Face model (name or folder) that judges texts instead; see operations.md.",
    )
    allow_private_networks: list[Network] = Field(
        default=[], description="Private networks that may be reached, such as 127.0.0.0/8. None by default."
    )
    user_agent: str = Field(
        default="Marsad/0.1 (brand monitoring; feeds and public pages)",
        min_length=3,
        pattern=r"^[A-Za-z][\x20-\x7e]+$",
        description="How requests introduce themselves; add a contact address.",
    )
    health_port: int | None = Field(
        default=9464, ge=0, le=65535, description="Loopback port of /healthz and /metrics; null for none."
    )
    webhooks: Webhooks = Field(
        default=Webhooks(), description="Where messages for sources of kind webhook are received."
    )
    brands: list[Brand] = Field(default=[], description="What to look for.")
    campaigns: list[Campaign] = Field(default=[], description="Campaigns whose responses to recognise.")
    aspects: dict[Name, list[WordPhrase]] = Field(
        default={},
        description="Words of your own by aspect: price, quality, delivery, service, app, availability,"
        " features, payment, branch, safety, or another.",
    )
    sources: list[Source] = Field(default=[], description="Where to look.")
    channels: list[Channel] = Field(default=[], description="Whom to tell.")
    alerts: list[AlertRule] = Field(default=[], description="When to tell.")
    digests: list[Digest] = Field(default=[], description="Weekly summaries.")
    _path: Path | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what is passed in: the loader decides what wins, and knows where a value came from."""
        return (init_settings,)

    @property
    def folder(self) -> Path:
        """The folder of the configuration file, which relative paths start from."""
        return Path.cwd() if self._path is None else self._path.parent

    @property
    def zone(self) -> ZoneInfo:
        """The readers' time zone."""
        return ZoneInfo(self.timezone)

    @property
    def own_brands(self) -> list[Brand]:
        """The brands that are not competitors."""
        return [brand for brand in self.brands if not brand.competitor]
