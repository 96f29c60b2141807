"""The settings for tokens: the issuer and the keys that a service trusts."""

from dataclasses import dataclass

from shared_lib.clock import Clock
from shared_lib.config import Settings

from .jwks import KeySet
from .service_tokens import LIFETIME_SECONDS
from .tokens import ClaimNames, TokenVerifier


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The issuer, the sources of the keys of people and of services, and the audience of this service."""

    issuer: str
    audience: str
    jwks: str
    service_jwks: str | None
    claims: ClaimNames

    @classmethod
    def from_settings(cls, settings: Settings, *, audience: str, has_callers: bool) -> "Identity":
        """The identity by a service's settings. Raises BadSetting.

        `audience` is the default of JWT_AUDIENCE; `has_callers`: other services call this one.
        """
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
        """Verifies the tokens of people."""
        return TokenVerifier(
            keys=KeySet(self.jwks), issuer=self.issuer, audience=self.audience, clock=clock, claims=self.claims
        )

    def services(self, clock: Clock) -> TokenVerifier | None:
        """Verifies the tokens of services; None for a service that no other one calls."""
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
