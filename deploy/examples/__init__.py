"""Programs to begin with: copy one and make it yours."""
