"""Images of the user's own: containers and disks without the lab's agent."""
