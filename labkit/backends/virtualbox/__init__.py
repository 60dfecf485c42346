"""Backends `virtualbox` and `virtualbox-resumed`, all through VBoxManage."""
