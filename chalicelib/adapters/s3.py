"""Downloads in a bucket of S3, behind pre-signed addresses."""

from collections.abc import Callable, Iterable
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.faults import unavailable
from chalicelib.adapters.names import Names

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

LINK_SECONDS = 300
"""How long an address holds, unless the credentials of the function expire before."""
ABSENT = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
"""What S3 answers of an object that is not there, the first to those who may not list the bucket."""


class S3Downloads:
    """JSON texts, an object each below the prefix of the installation; an upload that fails leaves its parts."""

    def __init__(self, connect: "Callable[[], S3Client]", bucket: str, names: Names) -> None:
        self._connect = connect
        self._bucket = bucket
        self._prefix = names.prefix

    def has(self, name: str) -> bool:
        """Ask for the head of its object."""
        try:
            with unavailable():
                self._client.head_object(Bucket=self._bucket, Key=self._key(name))
        except self._client.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in ABSENT:
                return False
            raise
        return True

    def put(self, name: str, parts: Iterable[bytes]) -> None:
        """Upload its parts, one by one."""
        bucket, key = self._bucket, self._key(name)
        with unavailable():
            upload = self._client.create_multipart_upload(Bucket=bucket, Key=key, ContentType="application/json")
        sent: list[CompletedPartTypeDef] = []
        for number, part in enumerate(parts, 1):
            with unavailable():
                answer = self._client.upload_part(
                    Bucket=bucket, Key=key, UploadId=upload["UploadId"], PartNumber=number, Body=part
                )
            sent.append({"ETag": answer["ETag"], "PartNumber": number})
        with unavailable():
            self._client.complete_multipart_upload(
                Bucket=bucket, Key=key, UploadId=upload["UploadId"], MultipartUpload={"Parts": sent}
            )

    def link(self, name: str) -> str:
        """Sign the address of its object; browsers save what comes from there, and keep none of it."""
        wanted = {
            "Bucket": self._bucket,
            "Key": self._key(name),
            "ResponseContentType": "application/json",
            "ResponseContentDisposition": 'attachment; filename="value.json"',
            "ResponseCacheControl": "no-store",
        }
        return self._client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=LINK_SECONDS)

    @cached_property
    def _client(self) -> "S3Client":
        return self._connect()

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}"
