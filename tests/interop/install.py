"""Fetch the peers of these tests: `python install.py FOLDER`; `pytest [ARGUMENTS]` after it runs them.

npm's avsc, and the jars of Java's avro-ipc 1.8.2 with Netty 3 and Jetty 6, which Debian does not package and
which are taken out of PySpark 2.4, the last release that has them all. Without npm, or without a compiler for
Java, that peer is left out, and its tests are skipped. What is there already is kept.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

AVSC = "avsc@5.7.9"  # the last major version with RPC
PYSPARK = "pyspark==2.4.8"
JARS = re.compile(
    r".*/deps/jars/(avro-1|avro-ipc|netty-3|jetty-|javax\.servlet-api|jackson-(core|mapper)-asl|slf4j-api)[^/]*\.jar"
)
PEERS = Path(__file__).parent / "peers"


def install_avsc(folder: Path) -> None:
    """Install npm's avsc."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        print("no npm: the tests with avsc will be skipped")
    elif not (folder / "node_modules" / "avsc").exists():
        subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), AVSC], check=True, cwd=folder
        )


def install_java(folder: Path) -> None:
    """Take the jars out of PySpark, and compile the peer against them."""
    javac = shutil.which("javac")
    java = folder / "java"
    if javac is None or shutil.which("java") is None:
        print("no javac: the tests with Java will be skipped")
        return
    if not java.exists():
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            jars = Path(temporary) / "java"
            jars.mkdir()
            _jars(Path(temporary), jars)
            jars.rename(java)
    classes = [
        javac,
        "-nowarn",
        "-Xlint:-options",
        "-encoding",
        "UTF-8",
        "-cp",
        str(java / "*"),
        "-d",
        str(java),
    ]
    subprocess.run([*classes, str(PEERS / "JavaPeer.java")], check=True)


def _jars(temporary: Path, jars: Path) -> None:
    # Its build fails with what pip would bring for it, and only its files are wanted.
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "setuptools<81", "wheel"], check=True)
    download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*download, "--no-binary", ":all:", "-d", str(temporary), PYSPARK], check=True)
    (archive,) = temporary.glob("pyspark-*.tar.gz")
    with tarfile.open(archive) as tar:
        for member in tar:
            source = tar.extractfile(member) if JARS.fullmatch(member.name) else None
            if source is not None:
                (jars / Path(member.name).name).write_bytes(source.read())


if __name__ == "__main__":
    target = Path(sys.argv[1]).resolve()
    target.mkdir(parents=True, exist_ok=True)
    install_avsc(target)
    install_java(target)
    if sys.argv[2:3] == ["pytest"]:
        tests = [sys.executable, "-m", "pytest", str(Path(__file__).parent), *sys.argv[3:]]
        sys.exit(subprocess.run(tests, env={**os.environ, "AVRORPC_PEERS": str(target)}).returncode)
