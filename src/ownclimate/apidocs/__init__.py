"""The API documents as pages: a reference of each dialect, an API browser, and a HAL browser.

Owns what stands under `/docs` for people; the documents themselves are made by `web.openapi` from the
endpoint tables. Everything is served from here, so it works without any other network. The interactive
browser is swagger-ui, installed from npm; without it the pages are whole, only not interactive.
"""
