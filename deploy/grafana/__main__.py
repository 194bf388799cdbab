"""`python -m deploy.grafana`: writes deploy/grafana/dashboards/*.json."""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana import dead_letters, kafka, overview, receiver, source, streams
from deploy.grafana.board import built

DASHBOARDS = Path(__file__).resolve().parent / "dashboards"
BOARDS = (overview.board, source.board, streams.board, receiver.board, kafka.board, dead_letters.board)


def rendered() -> dict[str, str]:
    """The text of each file, by its name."""
    boards = [board() for board in BOARDS]
    texts = {board.name: json.dumps(built(board), cls=JSONEncoder, indent=2, sort_keys=True) for board in boards}
    return {f"{name}.json": f"{text}\n" for name, text in texts.items()}


def main() -> None:
    """Writes every board."""
    DASHBOARDS.mkdir(exist_ok=True)
    for name, text in rendered().items():
        DASHBOARDS.joinpath(name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
