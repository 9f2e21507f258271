"""A browser or a tool, for tests of the house's web servers: one request at a time, without a network."""

import asyncio

import httpx

TOKEN = "a-token-for-tests"
WRITE = {"Authorization": f"Bearer {TOKEN}"}
"""What a request of the desk that writes carries, where TOKEN is the desk's."""


class Web:
    def __init__(self, app):
        self.app = app

    def request(self, method, path, **options):
        async def ask():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://desk.example") as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)
