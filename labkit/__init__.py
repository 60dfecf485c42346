"""The Virtualization Lab."""
