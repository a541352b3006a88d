"""Says in the harness's words what AWS refuses, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)
from botocore.exceptions import (
    ConnectionError as UnreachableError,
)

from harness.errors import HostError

_NEW = "Get new ones (aws sso login, or whatever gave you the last), then call again."
_CREDENTIALS = (
    "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: infra/README.md says what they must allow."
)
_QUOTA = 'Ask for more under "Service Quotas, EC2, Running On-Demand Standard instances", or set AWS_REGION to another.'
_HINTS = {
    "ExpiredToken": _NEW,
    "ExpiredTokenException": _NEW,
    "RequestExpired": f"{_NEW} Is this machine's clock right?",
    "InvalidClientTokenId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "AuthFailure": _CREDENTIALS,
    "AccessDenied": "infra/README.md lists what must be allowed.",
    "AccessDeniedException": "infra/README.md lists what must be allowed.",
    "UnauthorizedOperation": "infra/README.md lists what must be allowed.",
    "OptInRequired": "This account may not use that region or service yet.",
    "VcpuLimitExceeded": _QUOTA,
    "vCPU": _QUOTA,  # in the reason of an event there is no code, only words
    "LimitExceededException": "Too many stacks: remove some.",
    "InsufficientInstanceCapacity": "That zone has none left: try again later, or set AWS_REGION to another.",
    "sufficient": "That zone has none left: try again later, or set AWS_REGION to another.",
}
_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
    TokenRetrievalError,
)


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Raise a HostError for whatever AWS, or the way there, refuses while `doing` something."""
    try:
        yield
    except NoRegionError as error:
        raise HostError("No AWS region is chosen.", "Set AWS_REGION, such as AWS_REGION=us-east-1.") from error
    except _NO_CREDENTIALS as error:
        raise HostError(f"There are no credentials for AWS: {error}.", _CREDENTIALS) from error
    except ClientError as error:
        said, code = error.response["Error"].get("Message", ""), error.response["Error"].get("Code", "")
        raise HostError(f"AWS refuses {doing}: {said or code} ({code})", hint(code)) from error
    except (UnreachableError, HTTPClientError) as error:
        raise HostError(f"AWS cannot be reached for {doing}: {error}.", "Is this machine online?") from error
    except BotoCoreError as error:
        raise HostError(f"{doing} failed: {error}.", "That is what boto3 says.") from error


def hint(said: str) -> str:
    """What to do about a refusal, by its code or by the words of its reason."""
    return _HINTS.get(said) or next((one for word, one in _HINTS.items() if word in said), "That is all that AWS says.")
