"""What the streams worker needs."""

from decimal import Decimal

from pydantic import Field

from runtime.settings.group import Group


class StreamsSettings(Group):
    """The streams worker. History and roll-over share are fixed for an epoch: another value needs a new one."""

    history_months: int = Field(default=36, ge=1, le=1_200, description="of month values, back from the newest")
    history_days: int = Field(default=400, ge=1, le=36_500, description="of day values")
    history_hour_days: int = Field(default=45, ge=1, le=3_650, description="days of hour and quarter values")
    rollover_share: Decimal = Field(
        default=Decimal("0.1"),
        ge=0,
        lt=1,
        description="a fall that implies at most this share of the range rolled over",
    )
    chunk_records: int = Field(default=12_000, ge=1, le=100_000, description="readings per transaction, at most")
    fetch_bytes: int = Field(default=2 << 20, ge=1 << 10, description="bytes per partition and fetch, at most")
    buffered_chunks: int = Field(default=4, ge=1, description="chunks read ahead; bounds the memory")
    stall_limit: float = Field(default=60.0, gt=0, description="seconds without progress that end the process")
    transaction_timeout: float = Field(default=60.0, gt=0, description="seconds; the broker aborts longer ones")
