"""The answers of the page's API, and the API's description as OpenAPI 3.1."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from biggan_directions.explore.request import ImageRequest, NameRequest
from biggan_directions.version import __version__


class DirectionInfo(Struct, frozen=True, kw_only=True):
    """A direction with a slider; effect, penalty and stability are null if they were not measured.

    A direction along which the image is linear has no penalty, either.
    """

    index: int
    name: str
    effect: float | None
    penalty: float | None
    stability: float | None
    loose: Annotated[str, Meta(description="Says if it depends on the latents it was learnt at; or empty.")]
    linear: bool
    reach: Annotated[float, Meta(description="Range of the slider, in units of z.")]
    reason: str


class LayersInfo(Struct, frozen=True, kw_only=True):
    """Layers at which a direction can act: what a request calls them, and what a person does."""

    value: str
    label: str


class SessionInfo(Struct, frozen=True, kw_only=True, rename={"class_name": "class"}):
    """The data from which the page is built."""

    file: str
    model: str
    resolution: int
    class_name: str
    classes: list[str]
    truncation: float
    seed: Annotated[int, Meta(description="Of the latents with which the page starts.")]
    directions: list[DirectionInfo]
    layers: Annotated[
        list[LayersInfo], Meta(description="Choices of layers; empty if the model has none to choose from.")
    ]
    at_layers: Annotated[str, Meta(description="The layers at which directions act to begin with.")]
    unnameable: Annotated[str, Meta(description="Why directions cannot be named; empty if they can.")]


class ImagesInfo(Struct, frozen=True, kw_only=True, rename={"class_name": "class"}):
    """The requested images."""

    images: Annotated[
        list[Annotated[str, Meta(pattern="^data:image/png;base64,")]],
        Meta(description="PNG as data URLs, in the order of samples."),
    ]
    class_name: str
    truncation: Annotated[float, Meta(description="The stored value that was used.")]
    command: Annotated[str, Meta(description="The command that makes the same images.")]
    seconds: Annotated[float, Meta(description="Time of drawing, in seconds.")]


class NamesInfo(Struct, frozen=True, kw_only=True):
    """The names that the file now holds, one per direction."""

    names: list[str]


class ErrorInfo(Struct, frozen=True, kw_only=True):
    """The reason of an error, as a sentence."""

    error: str


def schema() -> dict[str, Any]:
    """The whole API as an OpenAPI document.

    >>> sorted(schema()["paths"])
    ['/api/images', '/api/name', '/api/png', '/api/schema', '/api/session']
    """
    (asked, named, images, names, session, error), components = msgspec.json.schema_components(
        (ImageRequest, NameRequest, ImagesInfo, NamesInfo, SessionInfo, ErrorInfo),
        ref_template="#/components/schemas/{name}",
    )

    def answer(words: str, content: Any = error) -> dict[str, Any]:
        return {"description": words, "content": {"application/json": {"schema": content}}}

    refused = answer("The Host, Origin or token is wrong; the reason.")

    def reads(words: str, content: Any) -> dict[str, Any]:
        return {"get": {"summary": words, "responses": {"200": answer(words, content), "403": refused}}}

    def takes(words: str, content: Any, answers: dict[str, Any]) -> dict[str, Any]:
        errors = {
            "400": answer("The request is wrong; the reason."),
            "403": refused,
            "413": answer("The body is too large."),
            "500": answer("The server could not do it; the reason."),
        }
        body = {"required": True, "content": {"application/json": {"schema": content}}}
        return {"post": {"summary": words, "requestBody": body, "responses": answers | errors}}

    stale = {"description": "Not drawn: the same client sent a newer request."}
    file = {"description": "The file, as edit writes it.", "content": {"image/png": {}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "biggan-directions explore", "version": __version__},
        "security": [{"token": []}],
        "paths": {
            "/api/session": reads("The model, classes and directions.", session),
            "/api/schema": reads("This document.", {"type": "object"}),
            "/api/images": takes("Draw images.", asked, {"200": answer("The images.", images), "204": stale}),
            "/api/png": takes("Draw images side by side in one PNG.", asked, {"200": file, "204": stale}),
            "/api/name": takes("Name a direction in its file.", named, {"200": answer("All names.", names)}),
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": components,
        },
    }
