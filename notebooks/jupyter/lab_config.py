"""How `make notebooks` starts JupyterLab: as any user, on this computer only, with a token. Its
files are those of the checkout, so that the notebooks' links to other documents work, and it asks
nothing of anybody: no news, no look for updates."""

from pathlib import Path

HERE = Path(__file__).resolve().parent

c = get_config()  # noqa: F821  what Jupyter gives to its configuration
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.allow_root = True  # in a container there is no other user
c.ServerApp.root_dir = str(HERE.parents[1])
c.LabApp.default_url = "/lab/tree/notebooks/00-start-here.ipynb"  # in the printed link, too
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
# overrides.json: nobody is asked about news either, a linked document is shown, not edited, and a
# field is saved with its notebook, so that it is drawn when that is opened again.
c.LabApp.app_settings_dir = str(HERE)
# custom/custom.css: charts on a dark ground, before a notebook was run, too.
c.LabApp.custom_css = True
c.ServerApp.tornado_settings = {"static_custom_path": [str(HERE / "custom")]}
