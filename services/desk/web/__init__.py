"""The desk over HTTP: pages for people, an API for their tools."""
