"""A headless Chromium that reaches a contender and nothing else: what a page fetches from its CDN comes from disk."""

import http.server
import re
import shutil
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from harness import environments
from harness.model import App, Deployment

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
CDN = "cdn.jsdelivr.net"
PACKAGE = re.compile(r"/npm/([\w-]+)(?:@[\w.]+)?/([\w./-]+)")
SCRIPTS = App(
    name="browser",
    folder=Path(__file__).parent,
    title="Swagger UI and ReDoc, as they are released",
    requirements="requirements.lock",
    deployments={"none": Deployment(command=("{python}",))},
)


@contextmanager
def browser(folder: Path) -> Iterator[webdriver.Chrome]:
    """A browser for which the CDN is a server of ours, and for which no other name has an address."""
    with _cdn(folder) as port:
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        for option in (
            "--headless=new",
            "--no-sandbox",  # which root may not have
            "--disable-dev-shm-usage",
            "--window-size=1400,1000",
            f"--user-data-dir={folder / 'profile'}",
            f"--host-resolver-rules=MAP {CDN}:443 127.0.0.1:{port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            "--ignore-certificate-errors",  # only our own server is reached by TLS
        ):
            options.add_argument(option)
        driver = webdriver.Chrome(options, Service(str(DRIVER)))
        try:
            yield driver
        finally:
            driver.quit()


def _bundles() -> Path:
    """A folder with a folder for each of the CDN's packages."""
    environments.make(SCRIPTS, environments.UNDER)
    installed = environments.python(SCRIPTS, environments.UNDER).parent.parent
    return next(installed.glob("lib/*/site-packages/drf_spectacular_sidecar/static/drf_spectacular_sidecar"))


@contextmanager
def _cdn(folder: Path) -> Iterator[int]:
    """The port on which packages are served as the CDN serves them, whichever version is asked for."""
    bundles = _bundles()

    class Packages(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            asked = PACKAGE.fullmatch(path.partition("?")[0])
            return str(bundles / asked[1] / asked[2]) if asked else str(bundles / "unknown")

        def end_headers(self) -> None:
            self.send_header("Access-Control-Allow-Origin", "*")
            super().end_headers()

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Packages) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _certificate(folder: Path) -> Path:
    """A file with a key and its certificate, for an hour."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, CDN)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(hours=1)).sign(
        key, hashes.SHA256()
    )
    coding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path = folder / "certificate.pem"
    path.write_bytes(key.private_bytes(coding, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(coding))
    return path
