"""What can run here, and the steps that make it so."""
