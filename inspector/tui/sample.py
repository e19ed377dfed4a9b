"""A first event for an empty screen: a packaged Anchore payload posted to the listener, as a sender would."""

from __future__ import annotations

import re
from pathlib import Path

import inspector
from inspector.core.events import InspectorError

_FIRST = (
    "user.image.analysis.completed",
    "user.image.analysis.processing",
    "user.checks.tag.vulnerabilities.update",
    "user.checks.tag.policy_evaluation.update",
    "system.image_analysis.registry_lookup_failed",
)
_TIMEOUT_S = 5.0


def curl_line(url: str, width: int = 0) -> str:
    """A command that posts a small event, and works as it stands in any shell.

    Where a row has only `width` cells it takes several, each continued as a shell wants it: what is selected in a
    terminal has its rows as lines.
    """
    body = '{"type":"hello","details":{"n":1}}'
    insecure = "-k " if _is_own_https(url) else ""
    rows = [f"curl {insecure}{url}/hello"]
    for option in ("-H 'Content-Type: application/json'", f"-d '{body}'"):
        if width and len(f"{rows[-1]} {option} \\") > width:
            rows.append(option)
        else:
            rows[-1] += f" {option}"
    return " \\\n".join(rows)


def python_line(url: str) -> str:
    """The same in Python, as short as it can be."""
    unverified = ", verify=False" if _is_own_https(url) else ""
    return f'requests.post("{url}/hello", json={{"type": "hello"}}{unverified})'


def _is_own_https(url: str) -> bool:
    """With a port it is our own listener, whose certificate no system trusts by itself; a tunnel has none."""
    return re.fullmatch(r"https://.*:[0-9]+", url) is not None


def sample_folder() -> Path:
    """Where the sample payloads are: inside the installed package, or beside it in a checkout."""
    package = Path(inspector.__file__).parent
    inside = package / "sample_payloads"
    return inside if inside.is_dir() else package.parent / "sample_payloads"


def post_sample(url: str, number: int = 0) -> str:
    """Post a sample to `url` and return its type; `number` chooses which. Blocks: call it in a thread.

    InspectorError when there is no sample or the listener does not take it.
    """
    import ssl
    import urllib.error
    import urllib.request

    name = _FIRST[number % len(_FIRST)]
    try:
        body = (sample_folder() / "anchore" / f"{name}.json").read_bytes()
    except OSError:
        raise InspectorError(
            "The sample payloads are not installed; post anything else to this address."
        ) from None
    request = urllib.request.Request(
        f"{url}/anchore",
        data=body,
        headers={"Content-Type": "application/json", "User-Agent": "inspector-sample"},
    )
    # No proxy, and no check of the certificate: the listener is on this machine, and our own.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(request, timeout=_TIMEOUT_S) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        raise InspectorError(f"The listener answered {error.code} to the sample.") from None
    except OSError as error:
        raise InspectorError(
            f"The sample could not be posted to {url}: {getattr(error, 'reason', error)}."
        ) from None
    return name
