"""A SCIM list of any size on loopback, fast and with latency: ``python -m benchmarks.scim_server TOTAL MOST MS``.

Prints its port. Pages are put together from users rendered once, so what is measured is the reader. ``MOST``: rows a
page holds at most; ``MS``: how long every answer takes. asyncio and plain sockets: no framework is in the way.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys

LIST = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"startIndex":%d,'
ASKED = re.compile(rb"GET (/\S*) ")
NUMBERS = re.compile(rb"(startIndex|count)=(\d+)")


def user(n: int) -> bytes:
    """About 680 bytes, like the Users of the field."""
    name = f"person.{n}@example.com"
    record = {
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "id": f"{n:08x}-2a3e-4c5d-8e9f-0a1b2c3d4e5f",
        "externalId": f"00u{n:017}",
        "userName": name,
        "name": {"givenName": f"Given{n}", "familyName": f"Family{n}", "formatted": f"Given{n} Family{n}"},
        "displayName": f"Given{n} Family{n}",
        "emails": [{"value": name, "primary": True, "type": "work"}],
        "active": n % 20 != 0,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Engineering"},
        "meta": {
            "resourceType": "User",
            "created": "2026-01-01T08:00:00Z",
            "lastModified": "2026-11-01T08:00:00Z",
            "location": f"https://api.us.castordoc.com/auth/scim/Users/{n:08x}-2a3e-4c5d-8e9f-0a1b2c3d4e5f",
        },
    }
    return json.dumps(record, separators=(",", ":")).encode()


def page(total: int, start: int, count: int) -> bytes:
    rows = [user(n) for n in range(start, min(total, start + count - 1) + 1)]
    head = (LIST % (total, start)).encode() + b'"itemsPerPage":%d,"Resources":[' % len(rows)
    return head + b",".join(rows) + b"]}"


async def serve(total: int, most: int, milliseconds: float) -> None:
    pages: dict[tuple[int, int], bytes] = {}

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                began = asyncio.get_running_loop().time()
                path = ASKED.match(head)[1]
                asked = {k: int(v) for k, v in NUMBERS.findall(path)}
                key = (max(1, asked.get(b"startIndex", 1)), min(asked.get(b"count", most), most))
                if b"/Users" not in path:
                    body = page(0, 1, 0)
                elif key in pages:
                    body = pages[key]
                else:
                    body = page(total, *key)
                    if total <= 50_000:
                        pages[key] = body
                left = milliseconds / 1000 - (asyncio.get_running_loop().time() - began)
                if left > 0:
                    await asyncio.sleep(left)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Length: %d\r\n\r\n" % len(body)
                    + body
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
