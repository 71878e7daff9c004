"""The answers of the page's API, and the API's description as OpenAPI 3.1."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from biggan_directions.explore.request import ImageRequest
from biggan_directions.version import __version__


class DirectionInfo(Struct, frozen=True, kw_only=True):
    """A direction with a slider; effect and penalty are null if they were not measured."""

    index: int
    name: str
    effect: float | None
    penalty: float | None
    reach: Annotated[float, Meta(description="Range of the slider, in units of z.")]
    reason: str


class SessionInfo(Struct, frozen=True, kw_only=True, rename={"class_name": "class"}):
    """The data from which the page is built."""

    file: str
    model: str
    resolution: int
    class_name: str
    classes: list[str]
    truncation: float
    directions: list[DirectionInfo]


class ImagesInfo(Struct, frozen=True, kw_only=True, rename={"class_name": "class"}):
    """The requested images."""

    pictures: Annotated[
        list[Annotated[str, Meta(pattern="^data:image/png;base64,")]],
        Meta(description="PNG as data URLs, in the order of samples."),
    ]
    class_name: str
    truncation: Annotated[float, Meta(description="The stored value that was used.")]
    command: Annotated[str, Meta(description="The command that makes the same images.")]
    seconds: Annotated[float, Meta(description="Time of drawing, in seconds.")]


class ErrorInfo(Struct, frozen=True, kw_only=True):
    """The reason of an error, as a sentence."""

    error: str


def schema() -> dict[str, Any]:
    """The whole API as an OpenAPI document.

    >>> sorted(schema()["paths"])
    ['/api/pictures', '/api/schema', '/api/session']
    """
    (asked, images, session, error), components = msgspec.json.schema_components(
        (ImageRequest, ImagesInfo, SessionInfo, ErrorInfo), ref_template="#/components/schemas/{name}"
    )

    def answer(words: str, content: Any = error) -> dict[str, Any]:
        return {"description": words, "content": {"application/json": {"schema": content}}}

    refused = answer("The Host, Origin or token is wrong; the reason.")

    def reads(words: str, content: Any) -> dict[str, Any]:
        return {"get": {"summary": words, "responses": {"200": answer(words, content), "403": refused}}}

    return {
        "openapi": "3.1.0",
        "info": {"title": "biggan-directions explore", "version": __version__},
        "security": [{"token": []}],
        "paths": {
            "/api/session": reads("The model, classes and directions.", session),
            "/api/schema": reads("This document.", {"type": "object"}),
            "/api/pictures": {
                "post": {
                    "summary": "Draw images.",
                    "requestBody": {"required": True, "content": {"application/json": {"schema": asked}}},
                    "responses": {
                        "200": answer("The images.", images),
                        "204": {"description": "Not drawn: the same client sent a newer request."},
                        "400": answer("The request is wrong; the reason."),
                        "403": refused,
                        "413": answer("The body is too large."),
                        "500": answer("Drawing failed; the reason."),
                    },
                }
            },
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": components,
        },
    }
