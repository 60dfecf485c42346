"""A distribution as one has it, behind several boundaries: one installed root, until its login."""
