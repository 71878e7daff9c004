"""The page's API, described as OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

from biggan_directions.explore.request import FARTHEST, LARGEST_SEED, MOST_SAMPLES
from biggan_directions.version import __version__

_WORDS = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
_REFUSED = {"description": "A wrong Host, Origin or token, in words.", "content": _WORDS}

_PICTURE_REQUEST = {
    "type": "object",
    "additionalProperties": False,
    "required": ["class", "truncation"],
    "properties": {
        "class": {
            "type": "string",
            "minLength": 1,
            "maxLength": 200,
            "description": "Name, WordNet id or index.",
        },
        "truncation": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
            "description": "Scales z too. The nearest stored one is used, and said.",
        },
        "seed": {"type": "integer", "minimum": -LARGEST_SEED, "maximum": LARGEST_SEED, "default": 0},
        "samples": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_SAMPLES,
            "default": [0],
            "items": {"type": "integer", "minimum": 0, "maximum": MOST_SAMPLES - 1},
            "description": "Which latents of the seed.",
        },
        "moves": {
            "type": "object",
            "default": {},
            "propertyNames": {"pattern": "^[0-9]{1,7}$"},
            "additionalProperties": {"type": "number", "minimum": -FARTHEST, "maximum": FARTHEST},
            "description": "For a direction's number, the distance in units of z.",
        },
        "client": {
            "type": "string",
            "maxLength": 64,
            "default": "",
            "description": "Any text that tells one page from another.",
        },
        "number": {
            "type": "integer",
            "default": 0,
            "description": "Counts a client's requests: a higher one makes the lower ones stale.",
        },
    },
}

_PICTURES = {
    "type": "object",
    "required": ["pictures", "class", "truncation", "command", "seconds"],
    "properties": {
        "pictures": {
            "type": "array",
            "items": {"type": "string", "pattern": "^data:image/png;base64,"},
            "description": "PNG as data URLs, in the order of samples.",
        },
        "class": {"type": "string"},
        "truncation": {"type": "number", "description": "The one that was used."},
        "command": {"type": "string", "description": "What to type for the same pictures."},
        "seconds": {"type": "number", "description": "What drawing took."},
    },
}

_NUMBER_OR_NOTHING = {"type": ["number", "null"]}

_SESSION = {
    "type": "object",
    "required": ["file", "model", "resolution", "class", "classes", "truncation", "directions"],
    "properties": {
        "file": {"type": "string"},
        "model": {"type": "string"},
        "resolution": {"type": "integer"},
        "class": {"type": "string"},
        "classes": {"type": "array", "items": {"type": "string"}},
        "truncation": {"type": "number"},
        "directions": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["index", "name", "effect", "penalty", "reach", "reason"],
                "properties": {
                    "index": {"type": "integer"},
                    "name": {"type": "string"},
                    "effect": _NUMBER_OR_NOTHING,
                    "penalty": _NUMBER_OR_NOTHING,
                    "reach": {"type": "number", "description": "How far a slider goes, in units of z."},
                    "reason": {"type": "string"},
                },
            },
        },
    },
}


def schema() -> dict[str, Any]:
    """The whole API as an OpenAPI document.

    >>> sorted(schema()["paths"])
    ['/api/pictures', '/api/schema', '/api/session']
    """

    def answer(words: str, content: Any) -> dict[str, Any]:
        return {"description": words, "content": {"application/json": {"schema": content}}}

    def reads(words: str, content: Any) -> dict[str, Any]:
        return {"get": {"summary": words, "responses": {"200": answer(words, content), "403": _REFUSED}}}

    return {
        "openapi": "3.1.0",
        "info": {"title": "biggan-directions explore", "version": __version__},
        "security": [{"token": []}],
        "paths": {
            "/api/session": reads("What is explored.", {"$ref": "#/components/schemas/Session"}),
            "/api/schema": reads("This document.", {"type": "object"}),
            "/api/pictures": {
                "post": {
                    "summary": "Draw pictures.",
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/PictureRequest"}}
                        },
                    },
                    "responses": {
                        "200": answer("The pictures.", {"$ref": "#/components/schemas/Pictures"}),
                        "204": {"description": "Not drawn: a newer request of the same client came."},
                        "400": {"description": "What is wrong, in words.", "content": _WORDS},
                        "403": _REFUSED,
                        "413": {"description": "A body too large.", "content": _WORDS},
                        "500": {"description": "What went wrong, in words.", "content": _WORDS},
                    },
                }
            },
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "PictureRequest": _PICTURE_REQUEST,
                "Pictures": _PICTURES,
                "Session": _SESSION,
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": {"type": "string"}},
                },
            },
        },
    }
