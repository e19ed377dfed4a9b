"""What the capture process is asked for when it is started."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from inspector.capture.address import DEFAULT_HOST, DEFAULT_PORT
from inspector.capture.certificate import TlsFiles
from inspector.capture.credentials import Credentials
from inspector.capture.limits import Limits
from inspector.core.signatures import Secrets
from inspector.store.retention import Retention


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """What ``inspector listen`` was asked for."""

    store: Path
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    as_json: bool = False
    quiet: bool = False
    tunnel: bool = False
    tunnel_minutes: float | None = None
    answers: Any = None
    """Answer rules in their JSON form; None for the default."""
    exit_after: int | None = None
    limits: Limits = field(default_factory=Limits)
    keep: Retention | None = None
    """How much is kept from now on; None for what was set before."""
    allow_hosts: tuple[str, ...] = ()
    """Names of this listener, besides its address, under which it may be called."""
    credentials: Credentials | None = field(default=None, repr=False)
    """What senders have to give."""
    secrets: Secrets = field(default_factory=dict, repr=False)
    """What signatures are checked with."""
    tls: TlsFiles | Literal["self-signed"] | None = None
    """Certificate and key; ``self-signed`` for one of our own beside the store; None for plain HTTP."""
