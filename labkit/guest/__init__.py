"""What runs inside an instance, and the protocol that talks to it."""
