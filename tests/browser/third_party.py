"""A small app of somebody else's, written with requests-oauthlib as its documentation shows."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlsplit

from requests_oauthlib import OAuth2Session


class ThirdPartyApp:
    """Listens for the browser's return, fetches a token and calls the API with it."""

    def __init__(self) -> None:
        self.came_back: str = ""
        app = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if urlsplit(self.path).path == "/callback":
                    app.came_back = f"{app.url}{self.path}"
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>The app</title><p>Thank you, the app has it.")

            def log_message(self, format: str, *arguments: Any) -> None:
                """Nothing: the address it would print holds the code."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def redirect_uri(self) -> str:
        return f"{self.url}/callback"

    def register(self, client_id: str, client_secret: str) -> None:
        self._secret = client_secret
        self.session = OAuth2Session(client_id, redirect_uri=self.redirect_uri)

    def authorize_url(self, server_url: str) -> str:
        url, _ = self.session.authorization_url(f"{server_url}/oauth2/authorize")
        return str(url)

    def fetch_token(self, server_url: str) -> None:
        self.session.fetch_token(
            f"{server_url}/v1/token",
            authorization_response=self.came_back,
            client_secret=self._secret,
            include_client_id=True,
        )

    def __enter__(self) -> ThirdPartyApp:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
