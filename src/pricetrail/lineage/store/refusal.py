"""What S3's refusals mean, and what to do about each, in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MISSING = {"NoSuchKey", "404", "NotFound"}
TAKEN = {"PreconditionFailed", "412"}
RACED = {"ConditionalRequestConflict", "409"}
BARE = {"301", "400", "403"}
"""What the answer to a HEAD request says: it has no body to give the reason in."""

REGION = (
    "the bucket is in {region}, and another region was asked. Set AWS_DEFAULT_REGION to the bucket's own."
)
EXPIRED = "the credentials have expired. Get new ones ('aws sso login', or a new session), and try again."
UNKNOWN = "the credentials are not known there. Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."
DENIED = "these credentials may not do that. Give their role what 'pricetrail remote policy' prints, and try again."
UNREACHED = "nobody answers. Check the network, and the address with 'pricetrail remote show'."
BUSY = "it is too busy, or out of order. Give the same command again in a while: what is there stays there."
CODES = {
    "NoSuchBucket": "there is no such bucket. Make it ('aws s3 mb'), or name another with 'pricetrail remote set'.",
    "PermanentRedirect": REGION,
    "AuthorizationHeaderMalformed": REGION,
    "IllegalLocationConstraintException": REGION,
    "301": REGION,
    "RequestTimeTooSkewed": "this machine's clock is off by more than 15 minutes. Set it ('timedatectl set-ntp true').",
    "ExpiredToken": EXPIRED,
    "ExpiredTokenException": EXPIRED,
    "TokenRefreshRequired": EXPIRED,
    "InvalidToken": EXPIRED,
    "InvalidAccessKeyId": UNKNOWN,
    "SignatureDoesNotMatch": UNKNOWN,
    "AccessDenied": DENIED,
    "AllAccessDisabled": DENIED,
    "403": DENIED,
    "SlowDown": BUSY,
    "ServiceUnavailable": BUSY,
    "InternalError": BUSY,
    "500": BUSY,
    "503": BUSY,
    "NotImplemented": "that server cannot create an object only where there is none. It needs 'If-None-Match: *'.",
}
FAULTS = {
    "NoCredentialsError": "no credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
    "PartialCredentialsError": "half of the credentials is missing. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    "ProfileNotFound": "AWS_PROFILE names a profile that is in no file. Correct it, or make it with 'aws configure'.",
    "NoRegionError": "no region is set. Set AWS_DEFAULT_REGION to the bucket's own.",
    "SSOTokenLoadError": EXPIRED,
    "UnauthorizedSSOTokenError": EXPIRED,
    "TokenRetrievalError": EXPIRED,
    "CredentialRetrievalError": "the credentials could not be fetched. Check AWS_PROFILE, or the machine's role.",
    "EndpointConnectionError": UNREACHED,
    "ConnectTimeoutError": UNREACHED,
    "ProxyConnectionError": UNREACHED,
    "RecursionError": "it sends requests on to another region, and does not say which. Set AWS_DEFAULT_REGION to it.",
    "SSLError": "its certificate is not trusted. Check the address, and AWS_CA_BUNDLE.",
    "InvalidEndpointDiscoveryConfigurationError": UNREACHED,
}


def explain(answer: Mapping[str, Any]) -> str:
    """What to do about an answer of S3 that refuses."""
    error = answer.get("Error", {})
    code = str(error.get("Code", "no code"))
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = error.get("Region") or headers.get("x-amz-bucket-region") or "another region"
    told = CODES.get(code, f"it refused: {error.get('Message', 'no detail')}.").format(region=region)
    return f"{told} ({code})"


def diagnose(error: Exception) -> str:
    """What to do about a request that never got an answer."""
    kind = type(error).__name__
    detail = (str(error).splitlines() or ["no detail"])[0]
    return f"{FAULTS.get(kind, f'it cannot be reached: {detail}. Give the same command again.')} ({kind})"
