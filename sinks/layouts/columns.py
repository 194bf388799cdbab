"""The columns of a layout, as its file writes them."""

import re
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from runtime.settings.group import Group
from schemas.exact import SCALE
from sinks.layouts.pattern import PATTERN_HELP, pieces

TextSource = Literal[
    "receiver_key",
    "facility_id",
    "metering_point",
    "category",
    "source",
    "granularity",
    "kind",
    "unit",
    "quality",
    "method",
    "status",
    "reason",
    "constant",
]
TimeSource = Literal["period_start", "period_end", "period_last", "reading_at", "fetched_at", "delivered_at"]
NumberSource = Literal["figure", "consumption", "position"]
TEXTS, TIMES, NUMBERS = get_args(TextSource), get_args(TimeSource), get_args(NumberSource)
REMAINDER = "remainder"
OF_TEXT = ("kind", "unit")
"""Texts that speak of a number."""
SOURCES = (*TEXTS, *TIMES, *NUMBERS, REMAINDER)

_NAME = re.compile(r"[^\W\d]\w{0,59}")
_FORBIDDEN = re.compile(r"[?%\\$\x00-\x1f]")
"""What a statement on its way through a client could be misread by."""

Kind = Literal["text", "number", "timestamp", "date"]


def plain(text: str) -> str:
    """A text that may stand in a statement.

    Raises:
        ValueError: it may not.
    """
    if _FORBIDDEN.search(text):
        raise ValueError("a text without ? % \\ $ and control characters is wanted")
    return text


class _Column(Group):
    name: str = Field(description="what the column is called in the view")

    @field_validator("name")
    @classmethod
    def _can_be_named(cls, name: str) -> str:
        if not _NAME.fullmatch(name) or len(name.encode()) > 60:
            raise ValueError("a name of letters, digits and _ is wanted, of 60 bytes at most")
        return name


class TextColumn(_Column):
    """A text of the row. ``texts`` replaces what it says by what the receiver calls it; all else stays as it is."""

    source: TextSource = Field(alias="from")
    texts: dict[str, str] = Field(default={}, description="what it says -> what the receiver calls it")
    of: str | None = Field(default=None, description="unit, kind: of which number; default: the first")
    value: str | None = Field(default=None, description="constant: what stands in every row")

    @model_validator(mode="after")
    def _says_what_belongs_to_it(self) -> Self:
        if (self.value is None) == (self.source == "constant"):
            raise ValueError('value = "…" belongs to from = "constant", and only there')
        if self.texts and self.source == "constant":
            raise ValueError("texts has no place beside a constant")
        if self.of is not None and self.source not in OF_TEXT:
            raise ValueError(f"of belongs to from = {' or '.join(OF_TEXT)}")
        for text in (*self.texts, *self.texts.values(), self.value or ""):
            plain(text)
        return self

    @property
    def kind(self) -> Kind:
        """What the database holds."""
        return "text"


class TimeColumn(_Column):
    """An instant as the wall clock of a zone shows it. ``period_last``: the last microsecond of the period."""

    source: TimeSource = Field(alias="from")
    zone: str | None = Field(default=None, description="default: the receiver's")
    format: str = Field(default="timestamp", description="timestamp, date, or a pattern such as YYYY-MM-DD hh:mm")

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        if self.format not in ("timestamp", "date"):
            plain(self.format)
            if not any(field for field, _ in pieces(self.format)):
                raise ValueError(PATTERN_HELP)
        return self

    @property
    def kind(self) -> Kind:
        """What the database holds."""
        match self.format:
            case "timestamp" | "date" as kind:
                return kind
        return "text"


class NumberColumn(_Column):
    """A number, exact. ``figure``: position or consumption, as the receiver's meter is configured for."""

    source: NumberSource = Field(alias="from")
    unit: str | None = Field(default=None, min_length=1, description="converted to, exactly; default: as it is")
    decimals: int | None = Field(default=None, ge=0, le=SCALE, description="so many at most; default: all")
    remainder: Literal["keep", "hold", "round"] = Field(
        default="keep",
        description="more decimals than that: hold (NULL, and the reason is remainder) or round (half away from zero)",
    )

    @model_validator(mode="after")
    def _says_what_becomes_of_a_remainder(self) -> Self:
        if (self.decimals is None) != (self.remainder == "keep"):
            raise ValueError('decimals wants remainder = "hold" or "round"; without decimals every digit is kept')
        plain(self.unit or "")
        return self

    @property
    def kind(self) -> Kind:
        """What the database holds."""
        return "number"


class RemainderColumn(_Column):
    """What a rounded number was more than it shows (negative: less)."""

    source: Literal["remainder"] = Field(alias="from")
    of: str

    @property
    def kind(self) -> Kind:
        """What the database holds."""
        return "number"


def _kind_of(written: Any) -> str:
    source = written.get("from") if isinstance(written, dict) else getattr(written, "source", None)
    for name, sources in (("time", TIMES), ("number", NUMBERS), (REMAINDER, (REMAINDER,))):
        if source in sources:
            return name
    return "text"


Column = Annotated[
    Annotated[TextColumn, Tag("text")]
    | Annotated[TimeColumn, Tag("time")]
    | Annotated[NumberColumn, Tag("number")]
    | Annotated[RemainderColumn, Tag(REMAINDER)],
    Discriminator(_kind_of),
]
