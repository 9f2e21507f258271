"""The decisions of the scope room, pure: what a message asks, which facts are known, what the policy says of it."""
