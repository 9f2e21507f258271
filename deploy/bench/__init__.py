"""What `scopedesk bench` measures."""
