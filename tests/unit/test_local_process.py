"""How one child process is awaited and stopped."""

import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from local.ports import free_port, require_free
from local.process import Service, ServiceError, ServiceProcess

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


def started(tmp_path: Path, program: str) -> ServiceProcess:
    service = Service(name="The thing", log=tmp_path / "thing.log")
    return ServiceProcess(service, [sys.executable, "-c", program])


def test_a_process_that_ends_before_it_is_ready_shows_the_end_of_its_log(tmp_path: Path) -> None:
    (tmp_path / "thing.log").write_text("an older run\n", encoding="utf-8")
    process = started(tmp_path, "import sys; print('the disk is full'); sys.exit(3)")
    with pytest.raises(ServiceError, match="The thing ended with code 3") as caught:
        process.wait_ready(lambda: False, 30)
    assert "the disk is full" in str(caught.value)
    assert "an older run" not in str(caught.value)


def test_a_process_that_is_not_ready_in_time_is_killed(tmp_path: Path) -> None:
    process = started(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(ServiceError, match=r"not ready within 0\.2 s"):
        process.wait_ready(lambda: False, 0.2)
    assert process.exit_code == -signal.SIGKILL


def test_an_interruption_while_waiting_leaves_no_process_behind(tmp_path: Path) -> None:
    def interrupted() -> bool:
        raise KeyboardInterrupt

    process = started(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(KeyboardInterrupt):
        process.wait_ready(interrupted, 30)
    assert not process.alive


def test_a_process_that_does_not_hear_its_stop_signal_is_killed(tmp_path: Path) -> None:
    process = started(tmp_path, DEAF)
    process.wait_ready(lambda: "deaf" in process.service.log.read_text(encoding="utf-8"), 30)
    begun = time.monotonic()
    process.stop(within=0.3)
    assert process.exit_code == -signal.SIGKILL
    assert time.monotonic() - begun < 10


def test_stopping_twice_and_killing_afterwards_is_harmless(tmp_path: Path) -> None:
    process = started(tmp_path, "import time; time.sleep(60)")
    process.stop()
    process.stop()
    process.kill()
    assert process.exit_code == -signal.SIGTERM


def test_a_taken_port_is_refused_and_a_chosen_one_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(ServiceError, match=f"port {port} .* is taken"):
            require_free(port)
    require_free(free_port())
