"""A certificate authority of our own and one P-256 server certificate, made with the openssl command."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SYSTEM_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Certificates:
    """Where the files are: the authority to trust, the server's chain and its key."""

    ca_file: Path
    server_file: Path
    key_file: Path

    def install(self, home: Path) -> None:
        """Copies the server's two files into `home` under the names its configuration uses."""
        shutil.copyfile(self.server_file, home / "server.pem")
        shutil.copyfile(self.key_file, home / "server.key")


def _openssl(folder: Path, *arguments: str) -> None:
    """Runs openssl in `folder`; its words are shown only when it fails."""
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr}")


def make_certificates(folder: Path, names: Sequence[str]) -> Certificates:
    """Makes an authority and a server certificate for `names`, or returns those made before for the same names.

    Args:
        folder: Where the files go.
        names: Subject alternative names in openssl's form: `DNS:localhost`, `IP:127.0.0.1`.

    Returns:
        The three files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    marker, wanted = folder / "names.txt", ",".join(names)
    if marker.exists() and marker.read_text() == wanted:
        return made
    key = ("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out")
    _openssl(folder, *key, "ca.key")
    _openssl(folder, "req", "-x509", "-new", "-key", "ca.key", "-days", "3650", "-subj", "/CN=pixhaul benchmark CA",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", "ca.pem")
    _openssl(folder, *key, "server.key")
    _openssl(folder, "req", "-new", "-key", "server.key", "-subj", "/CN=pixhaul benchmark origin", "-out", "server.csr")
    (folder / "extensions").write_text(f"subjectAltName={wanted}\nextendedKeyUsage=serverAuth\n")
    _openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
             "-days", "3650", "-extfile", "extensions", "-out", "server.pem")
    marker.write_text(wanted)
    return made


def trust_bundle(certificates: Certificates) -> Path:
    """Writes the system's authorities and ours into one file beside ours and returns it.

    A client that trusts our authority alone would be spared what it reads on the web; some read it for every image.
    """
    bundle = certificates.ca_file.with_name("authorities.pem")
    bundle.write_bytes(_SYSTEM_AUTHORITIES.read_bytes() + certificates.ca_file.read_bytes())
    return bundle
