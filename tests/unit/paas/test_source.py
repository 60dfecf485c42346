"""What a folder says about the app in it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from labkit.apps import source
from labkit.apps.source import check_name, detect, read_app
from labkit.errors import UsageError


def folder(tmp_path: Path, **files: str) -> Path:
    root = tmp_path / "app"
    root.mkdir()
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("_html", ".html")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def test_a_procfile_comes_first_and_gives_the_command(tmp_path: Path) -> None:
    root = folder(tmp_path, Procfile="worker: x\nweb:   exec ./serve $PORT \n", index_html="hi")
    assert detect(root) == ("procfile", "exec ./serve $PORT")


def test_scripts_and_pages_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert detect(folder(tmp_path / "a", index_html="hi"))[0] == "pages"
    assert detect(folder(tmp_path / "b", **{"cgi-bin__x": "#!/bin/sh"}))[0] == "scripts"


@pytest.mark.parametrize("content", ["", "web:\n", "worker: x\n", "web:   \nweb"])
def test_a_procfile_without_a_command_is_told(tmp_path: Path, content: str) -> None:
    with pytest.raises(UsageError, match="does not say how to start"):
        detect(folder(tmp_path, Procfile=content))


def test_what_is_no_app_is_told_with_what_would_be_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot tell how to start") as caught:
        read_app(folder(tmp_path, README="hello"))
    assert "Procfile" in caught.value.resolution and "cgi-bin" in caught.value.resolution
    with pytest.raises(UsageError, match="there is no folder"):
        read_app(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["hello", "a", "my-app2", "a.b_c", "x" * 40])
def test_names_that_docker_takes(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "Hello", "a b", "-a", "a-", "../x", "a:b", "ä", "x" * 41])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be an app's name"):
        check_name(name)


def test_the_files_with_their_rights_and_without_what_tools_keep(tmp_path: Path) -> None:
    root = folder(
        tmp_path, index_html="hi", **{".git__config": "x", "cgi-bin__run": "#!/bin/sh", "tool": "x"}
    )
    (root / "tool").chmod(0o700)
    app = read_app(root, "hello")
    modes = {entry.path: stat.S_IMODE(entry.mode) for entry in app.entries if not entry.is_folder}
    assert modes == {"app/cgi-bin/run": 0o755, "app/index.html": 0o644, "app/tool": 0o755}
    assert app.size == len("hi") + len("#!/bin/sh") + 1
    paths = [entry.path for entry in app.entries]
    assert paths.index("app") < paths.index("app/cgi-bin") < paths.index("app/cgi-bin/run")


def test_a_link_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path, index_html="hi")
    (root / "passwords").symlink_to("/etc/shadow")
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        read_app(root)


def test_an_app_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MOST_BYTES", 3)
    with pytest.raises(UsageError, match="larger than"):
        read_app(folder(tmp_path, index_html="four"))
