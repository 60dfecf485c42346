"""Backends `qemu` and `qemu-resumed`."""
