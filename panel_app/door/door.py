"""The door itself: of every request, who sends it; of every open page, whether its login still holds.

In: requests. Out: the reader's name, or nobody. A page belongs to the login that loaded it: its token is signed and
carries the id of that login, and nobody else's request gets into it.
"""

from collections.abc import Collection
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from bokeh.server.auth_provider import AuthProvider
from bokeh.util.token import check_token_signature, get_token_payload
from panel.io.server import AutoloadJsHandler
from tornado.web import HTTPError, RequestHandler
from tornado.websocket import WebSocketHandler

from panel_app.door.headers import with_port
from panel_app.door.logins import Login, Logins, cookie_text
from panel_app.door.secret import Keys

COOKIE: Final = "darkshelf_login"
LOADED_BY: Final = "darkshelf_loaded_by"
"""What the id of the login is called inside the token of a page, among the cookies that go into it."""
LOGIN, LOGOUT = "/login", "/logout"
ANYBODY: Final = "anybody"
"""Who is at a door without a lock."""
LOGGED_OUT: Final = 1008
"""The code a websocket is closed with: a rule was broken."""
SESSION_WORDS: Final = ("bokeh-session-id", "bokeh-token")
"""With these a request could name the session it wants to be in, somebody else's too."""


class Door(AuthProvider):
    """Who is let in. One for a server.

    logins: None where nobody logs in. origins: `host:port` of the pages that may send a password or open a page.
    path: of the cookies. handlers: further pages of the door, by address and with what they are given.
    """

    def __init__(self, logins: Logins | None, keys: Keys, origins: Collection[str], path: str) -> None:
        self.logins, self._keys = logins, keys
        self.origins, self.path = frozenset(origins), path
        self.handlers: list[tuple[str, type[RequestHandler], dict[str, Any]]] = []
        self._sockets: WeakKeyDictionary[WebSocketHandler, Login] = WeakKeyDictionary()
        super().__init__()

    @property
    def get_user(self) -> Any:
        """What Bokeh asks for every page and every websocket."""
        return self._who

    @property
    def login_url(self) -> str:
        """Where those go who are not logged in."""
        return LOGIN

    @property
    def endpoints(self) -> list[Any]:
        """The pages of the door."""
        return self.handlers

    def login_of(self, handler: RequestHandler) -> Login | None:
        """The login that a request shows by its cookie, if it is signed and not over."""
        if self.logins is None or not (signed := handler.get_signed_cookie(COOKIE)):
            return None
        return self.logins.shown(signed.decode())

    def let_in(self, handler: RequestHandler, user: str) -> None:
        """Begin a login and give its cookie to the browser."""
        assert self.logins is not None
        login = self.logins.begin(user)
        handler.set_signed_cookie(
            COOKIE, cookie_text(login), expires_days=None, expires=login.until, **self.cookie_rules(handler)
        )

    def cookie_rules(self, handler: RequestHandler) -> dict[str, Any]:
        """How every cookie of the door is set: for no script, for no other site, by TLS alone where there is TLS."""
        secure = handler.request.protocol == "https"
        return {"path": self.path, "httponly": True, "samesite": "Lax", "secure": secure}

    def let_out(self, handler: RequestHandler) -> None:
        """End the login of a request, and with it every page that is open under it."""
        if self.logins is not None and (login := self.login_of(handler)):
            self.logins.end(login)
            self.close_pages()
        handler.clear_cookie(COOKIE, path=self.path)

    def look(self) -> None:
        """See which logins are over by now, and close their pages. Called at fixed times, and before a password."""
        assert self.logins is not None
        self.logins.look()
        self.close_pages()

    def close_pages(self) -> None:
        """Close the pages whose login is over."""
        assert self.logins is not None
        for socket, login in list(self._sockets.items()):
            if self.logins.is_over(login):
                socket.close(LOGGED_OUT, "logged out")

    def refuse_foreign_page(self, handler: RequestHandler) -> None:
        """Refuse a form that a page of somebody else sent."""
        origin = handler.request.headers.get("Origin")
        if origin is not None and with_port(urlsplit(origin).netloc.lower()) not in self.origins:
            raise HTTPError(403, "a form from another page")

    def _who(self, handler: RequestHandler) -> str | None:
        """The reader of a page or a websocket, None to turn them away."""
        if isinstance(handler, AutoloadJsHandler):
            raise HTTPError(404, "this page is not put into others")
        named = any(handler.get_query_argument(word, None) is not None for word in SESSION_WORDS)
        if named or "Bokeh-Session-Id" in handler.request.headers:
            raise HTTPError(403, "a page is loaded from the start")
        login = self.login_of(handler)
        if self.logins is not None and login is None:
            return None
        id_ = login.id if login else ""
        if isinstance(handler, WebSocketHandler):
            if not self._is_page_of(id_, handler):
                return None
            if login:
                self._sockets[handler] = login
        else:
            # Panel puts these cookies into the token of the page; whatever the browser sent by this name is gone.
            cookies: Any = handler.request.cookies
            cookies[LOADED_BY] = id_
        return login.user if login else ANYBODY

    def _is_page_of(self, id_: str, socket: WebSocketHandler) -> bool:
        """Whether the token that a websocket shows was signed here, for a page that this login loaded."""
        token = socket.request.headers.get("Sec-WebSocket-Protocol", "").rpartition(",")[2].strip()
        try:
            if not check_token_signature(token, secret_key=self._keys.pages, signed=True):
                return False
            return bool(get_token_payload(token)["cookies"][LOADED_BY] == id_)
        except Exception:
            # Whatever is wrong with it, and there are many ways, it is no token of ours.
            return False
