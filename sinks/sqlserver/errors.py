"""What SQL Server says when something goes wrong, told by its number; never by a text, which may quote rows.

https://learn.microsoft.com/en-us/sql/relational-databases/errors-events/database-engine-events-and-errors
"""

import re

import pytds
from OpenSSL import SSL

_ROWS = frozenset(
    (
        220,  # overflow of a small integer type
        232,
        241,  # conversion of a date
        242,
        245,  # conversion of a text
        248,
        295,
        511,  # a row larger than a page
        515,  # NULL where none may be
        547,  # CHECK or FOREIGN KEY
        550,  # WITH CHECK OPTION of a view
        1946,  # a key longer than an index takes
        2601,  # duplicate in a unique index
        2627,  # duplicate in a UNIQUE or PRIMARY KEY
        2628,  # text longer than its column
        4815,  # the same, at a bulk load
        8114,  # conversion
        8115,  # arithmetic overflow
        8152,  # text longer than its column, of older servers
    )
)
"""Numbers that speak of what a row holds."""
_OF_A_TRIGGER = 50_000
"""From here on numbers are raised by what the receiver's owner has written."""
_RIGHTS = frozenset((229, 230, 262, 297, 300, 1088, 2760, 15247))
_LOGIN = frozenset((18452, 18456, 18486, 18487, 18488))
_NAMING = _RIGHTS | _LOGIN | frozenset((102, 156, 207, 208, 213, 911, 916, 1205, 1222, 2714, 3952, 4060))
"""Numbers whose text names objects, databases or users, and nothing else."""
_OF_THE_SYSTEM = 17
"""From this severity on a text speaks of the server's own trouble: its disk, its memory, its log."""
GRANT = "grant what docs/security.md says (Rights in a database)"

_WITH_PLACES = frozenset((515, 547, 2601, 2627, 2628))
"""Numbers whose text begins with names."""
_QUOTED = re.compile(r"(The duplicate key value|Truncated value).*", re.DOTALL)
"""What a text goes on with that a row holds."""
_PLACE = re.compile(r"""(?i:\b(constraint|column|table|index|object)) ['"]([^'"]{1,300})['"]""")


def rows_fault(error: BaseException) -> bool:
    """Whether the error speaks of a row."""
    number = number_of(error)
    return number in _ROWS or number >= _OF_A_TRIGGER


def login_refused(error: BaseException) -> bool:
    """Whether the server answers, and does not know this user or password."""
    return number_of(error) in _LOGIN


def number_of(error: BaseException) -> int:
    """The server's number; 0: it is none of the server's."""
    return int(error.number) if isinstance(error, pytds.DatabaseError) else 0


def described(error: BaseException) -> str:
    """The kind of an error and what it is about, without what a row holds."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, SSL.Error):
        return f"TLS: {_reason(error)}"
    if not isinstance(error, pytds.DatabaseError):
        return str(error) or type(error).__name__  # the driver's own, or the system's
    number = number_of(error)
    if number in _NAMING or error.severity >= _OF_THE_SYSTEM:
        return f"{error.text} ({number}){f'; {GRANT}' if number in _RIGHTS else ''}"
    return f"error {number}{_places(error.text) if number in _WITH_PLACES else ''}"


def _places(text: str) -> str:
    """The names in a text, as far as it quotes nothing of a row."""
    about = dict(_PLACE.findall(_QUOTED.sub("", text)))
    return "".join(f" {kind.lower()} {name}" for kind, name in about.items())


def _reason(error: SSL.Error) -> str:
    """OpenSSL's own words: of its last complaint, the reason."""
    complaints = error.args[0] if error.args else ()
    return str(complaints[-1][-1]) if complaints else "the connection was ended"
