"""Backend `vmware`: machines of Workstation, Player and Fusion, all through vmrun."""
