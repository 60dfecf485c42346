"""A container engine peeled: each of its parts as a backend."""
