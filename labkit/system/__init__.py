"""This computer: its processes and clock, facts about it, control groups, ports, folders, and what
there is ours."""
