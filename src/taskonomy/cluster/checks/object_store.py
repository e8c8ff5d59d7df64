"""The object store: what the store needs of it, tried with one small object."""

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from taskonomy.cluster.checks.finding import Finding, fault, note, ok
from taskonomy.errors import BadInput

_SECONDS = 10
_FIX = {
    "NoSuchBucket": "make the bucket",
    "AccessDenied": "let the key read, write and delete there",
    "InvalidAccessKeyId": "set AWS_ACCESS_KEY_ID to a key of this server",
    "SignatureDoesNotMatch": "set AWS_SECRET_ACCESS_KEY to the key's secret",
}
_CONTENT = b"taskonomy cluster check"


def check(store: str) -> Iterator[Finding]:
    """Put, put again on a condition, get and delete an object below the store's root.

    The server and the key are boto3's own settings (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, ...).

    Raises:
        BadInput: the store is no `s3://bucket/prefix`.
    """
    url = urlsplit(store)
    if url.scheme != "s3" or not url.netloc:
        raise BadInput(f"--store: found {store!r}; expected s3://BUCKET/PREFIX")
    try:
        # The default session keeps the first key that it was given.
        client = boto3.Session().client(
            "s3",
            config=Config(
                connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"total_max_attempts": 1}
            ),
        )
    except (BotoCoreError, ValueError) as error:
        yield fault(f"object store {store}", str(error), "set AWS_ENDPOINT_URL to its address")
        return
    name = f".taskonomy-check-{uuid.uuid4().hex}"
    place = {"Bucket": url.netloc, "Key": "/".join(filter(None, (url.path.strip("/"), name)))}
    yield from _tried(client, f"object store {store}", place)


def _tried(client: Any, subject: str, place: dict[str, str]) -> Iterator[Finding]:
    step = "put"
    try:
        client.put_object(**place, Body=_CONTENT)
        yield ok(subject, "put")
        yield _conditional(client, subject, place)
        step = "get"
        if client.get_object(**place)["Body"].read() != _CONTENT:
            fix = "use a store that reads what was written"
            yield fault(subject, "get: other bytes than were put", fix)
        else:
            yield ok(subject, "get: the bytes that were put")
        step = "delete"
        client.delete_object(**place)
        yield ok(subject, "delete")
    except (ClientError, BotoCoreError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        fix = _FIX.get(code, "set AWS_ENDPOINT_URL and the key to those of the store")
        yield fault(subject, f"{step}: {' '.join(str(error).split())}", fix)


def _conditional(client: Any, subject: str, place: dict[str, str]) -> Finding:
    """Nothing here relies on it: outputs lie at the hash of their content's causes."""
    try:
        client.put_object(**place, Body=b"another", IfNoneMatch="*")
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 412:
            return ok(subject, "conditional put: refused what exists")
        text = f"conditional put: {error.response['Error']['Code']}"
        return note(subject, text, "use a store with If-None-Match if several runs share it")
    client.put_object(**place, Body=_CONTENT)
    text = "conditional put: If-None-Match is ignored"
    return note(subject, text, "two runs that share the store may write one object twice")
