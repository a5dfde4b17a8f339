"""What the routes of uploads answer."""

from http import HTTPStatus

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import ApiRequest, raw
from chalicelib.api.support import ApiSupport
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.json_text import read_json
from chalicelib.core.values.value import value
from chalicelib.usecases.uploads import UploadService

MAX_PARTS = LIMITS.upload_parts
MAX_PART = LIMITS.upload_part_bytes


@value
class UploadApi:
    """The routes, over the use case."""

    support: ApiSupport
    uploads: UploadService

    @web.operation
    def create_upload(self, request: ApiRequest) -> Response:
        """Begin an upload."""
        upload = self.uploads.open(request.path["tenantId"])
        about: Json = {
            "id": upload.id,
            "expiresAt": format_instant(upload.until),
            "partBytes": MAX_PART,
            "parts": MAX_PARTS,
        }
        return web.answer(about, HTTPStatus.CREATED)

    @web.operation
    def upload_part(self, request: ApiRequest) -> Response:
        """Take a part."""
        self.uploads.put(*request.place, request.path["part"], raw(request.http))
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    def read(self, tenant_id: str, upload_id: str) -> Json:
        """Read the value of an upload.

        Raises:
            UploadNotFoundError: the tenant has no such upload, or no longer.
            StateError: a part is missing.
            MalformedError: it is no JSON.
        """
        return read_json(self.uploads.read(tenant_id, upload_id), MAX_PARTS * MAX_PART)
