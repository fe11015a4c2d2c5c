"""Catalog's web application as far as a provider sees it that was given its address: a page, whatever is asked."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

_PAGE = "<!doctype html>\n<html><head><title>Catalog</title></head><body><div id=app></div></body></html>\n"


async def _page(_: Request) -> HTMLResponse:
    return HTMLResponse(_PAGE)


app = Starlette(routes=[Route("/{path:path}", _page, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])])
