"""The issuer and the keys that a service trusts."""

from dataclasses import dataclass

from shared_lib.clock import Clock
from shared_lib.config import Settings

from .jwks import KeySet
from .service_tokens import LIFETIME_SECONDS
from .tokens import ClaimNames, TokenVerifier


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One issuer; people's keys and services' keys apart; this service's own audience."""

    issuer: str
    audience: str
    jwks: str
    service_jwks: str | None
    claims: ClaimNames

    @classmethod
    def from_settings(cls, settings: Settings, *, audience: str, has_callers: bool) -> "Identity":
        """`audience` is the default of JWT_AUDIENCE; `has_callers`: other services call this one. Raises BadSetting."""
        return cls(
            issuer=settings.text("JWT_ISSUER"),
            audience=settings.text("JWT_AUDIENCE", audience),
            jwks=settings.text("JWT_JWKS"),
            service_jwks=settings.text("SERVICE_JWKS") if has_callers else None,
            claims=ClaimNames(
                role=settings.text("JWT_ROLE_CLAIM", "role"),
                organisation=settings.text("JWT_ORG_CLAIM", "org_id"),
            ),
        )

    def people(self, clock: Clock) -> TokenVerifier:
        return TokenVerifier(
            keys=KeySet(self.jwks), issuer=self.issuer, audience=self.audience, clock=clock, claims=self.claims
        )

    def services(self, clock: Clock) -> TokenVerifier | None:
        """None for a service that no other service calls."""
        if self.service_jwks is None:
            return None
        return TokenVerifier(
            keys=KeySet(self.service_jwks),
            issuer=self.issuer,
            audience=self.audience,
            clock=clock,
            max_lifetime=LIFETIME_SECONDS,
            for_services=True,
        )
