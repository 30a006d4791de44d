"""What an Application Load Balancer has before its targets: a listener of TLS, and rules by path and host, the first that fits.

Sources: the Application Load Balancers user guide ("Listener rules", "Condition types for listener rules"); Envoy's API
reference, v3.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    Json: TypeAlias = "str | int | float | bool | Sequence[Json] | dict[str, Json]"

RULE_HEADER: Final = "x-exitgate-rule"
"""Of an answer: the address of the rule that decided."""
_TYPE = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3"
_LIFE = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of a listener, or its default action."""

    address: str
    """Of the resource that says it."""
    paths: tuple[str, ...] = ()
    """Patterns of ``*`` and ``?``, of which one fits; none where every path does."""
    hosts: tuple[str, ...] = ()
    answers: int = 0
    """The status that the balancer answers by itself; 0 where it hands the request on."""

    def takes(self, host: str, path: str) -> bool:
        """Say whether a request for a host and a path, without its query, is the rule's."""
        return all(
            not patterns or any(re.fullmatch(_expression(each), value, flags) for each in patterns)
            for patterns, value, flags in ((self.hosts, host, re.IGNORECASE), (self.paths, path, re.NOFLAG))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate of a run's own, and its key."""

    domain: str
    certificate: str
    """PEM."""
    key: str
    """PEM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What stands before the targets."""

    rules: tuple[Rule, ...]
    """In the order in which they are asked; the last one takes every request."""
    certificate: Certificate
    oldest: str = "TLSv1_2"
    """The oldest version of TLS that the listener takes, as Envoy calls it."""
    newest: str = "TLSv1_3"
    targets_by_tls: bool = False
    """Whether targets are asked by TLS, whose certificates nobody looks at."""


def certificate_for(domain: str) -> Certificate:
    """Return a certificate for a domain that lasts for a day, signed by itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, domain[:64])])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LIFE)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificate(
        domain=domain,
        certificate=made.public_bytes(serialization.Encoding.PEM).decode("ascii"),
        key=private.decode("ascii"),
    )


def routes(front: Front, cluster: str) -> list[Json]:
    """Return the rules as Envoy's routes, each with a header that names it."""
    return [_route(rule, cluster, paths) for rule in front.rules for paths in (rule.paths or ("*",))]


def listener_socket(front: Front) -> Json:
    """Return how Envoy's listener speaks TLS."""
    certificate: Json = {
        "certificate_chain": {"inline_string": front.certificate.certificate},
        "private_key": {"inline_string": front.certificate.key},
    }
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": f"{_TYPE}.DownstreamTlsContext",
            "common_tls_context": {
                "tls_certificates": [certificate],
                "tls_params": {
                    "tls_minimum_protocol_version": front.oldest,
                    "tls_maximum_protocol_version": front.newest,
                },
            },
        },
    }


def target_socket() -> Json:
    """Return how Envoy speaks TLS with targets: it takes any certificate, as the balancer of AWS does."""
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {"@type": f"{_TYPE}.UpstreamTlsContext", "common_tls_context": {}},
    }


def _route(rule: Rule, cluster: str, path: str) -> Json:
    match: dict[str, Json] = {"safe_regex": {"regex": _expression(path)}}
    if rule.hosts:
        hosts = "|".join(map(_expression, rule.hosts))
        match["headers"] = [
            {"name": ":authority", "string_match": {"safe_regex": {"regex": f"(?i)(?:{hosts})(?::[0-9]+)?"}}}
        ]
    said: Json = [
        {"header": {"key": RULE_HEADER, "value": rule.address}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    ]
    action: dict[str, Json] = (
        {"direct_response": {"status": rule.answers}}
        if rule.answers
        # No retries: AWS's makes none either once a request was sent.
        else {"route": {"cluster": cluster, "timeout": "0s"}}
    )
    return {"match": match, "response_headers_to_add": said, **action}


def _expression(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)
