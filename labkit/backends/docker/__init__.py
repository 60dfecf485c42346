"""Backend `docker`, through the Docker SDK; and the daemon, for whoever asks it for more."""
