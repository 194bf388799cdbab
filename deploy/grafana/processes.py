"""What every process says of itself."""

from deploy.grafana import runbooks
from deploy.grafana.board import Line
from deploy.grafana.panels import Caption, Query, graph
from deploy.grafana.promql import WINDOW, age


def processes(job: str) -> Line:
    """Processor, memory and age of each process of a job."""
    which = f'job="{job}"'
    return Line(
        7,
        [
            graph(
                Caption("Processor", "Cores in use, by process. One process uses little more than one.", "short"),
                Query(f"rate(process_cpu_seconds_total{{{which}}}[{WINDOW}])", "{{instance}}"),
            ),
            graph(
                Caption("Memory", "Resident memory, by process.", "bytes"),
                Query(f"process_resident_memory_bytes{{{which}}}", "{{instance}}"),
            ),
            graph(
                Caption(
                    "Since the start",
                    "What falls to zero again and again is a process that ends.",
                    "s",
                    runbooks.STARTS,
                ),
                Query(age(f"process_start_time_seconds{{{which}}}"), "{{instance}}"),
            ),
        ],
    )
