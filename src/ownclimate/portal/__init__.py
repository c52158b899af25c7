"""The pages: what people see and do in a browser.

Owns the frame (sessions at the browser, CSRF protection, security headers, rendering) and one module
a page in `pages/`, each with a typed context and a template. Serves every path that no face, door or
operations row has, so also the friendly "nothing here". It asks core and `oauth` questions and never
our own HTTP faces; it knows no vendor and no store. Everything works without JavaScript, and nothing
comes from elsewhere.

`frame.Portal` is the ASGI application, `pages.ROUTES` the table of everything there is.
"""
