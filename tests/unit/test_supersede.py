"""A folder takes the place of another, or that one stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.system import owned_files


def made(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "file").write_text(text)
    return folder


def test_the_new_one_is_there_and_the_former_one_gone(tmp_path: Path) -> None:
    target = made(tmp_path / "target", "former")
    with owned_files.unfinished_folder(tmp_path) as place:
        owned_files.supersede(target, made(place / "new", "new"))
    assert (target / "file").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


@pytest.mark.parametrize("strike", [1, 2])
def test_whatever_ends_it_the_former_one_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strike: int
) -> None:
    target, calls, rename = made(tmp_path / "target", "former"), [0], Path.rename

    def struck(path: Path, other: Path) -> Path:
        calls[0] += 1
        if calls[0] == strike:
            raise KeyboardInterrupt
        return rename(path, other)

    with owned_files.unfinished_folder(tmp_path) as place:
        new = made(place / "new", "new")
        monkeypatch.setattr(Path, "rename", struck)
        with pytest.raises(KeyboardInterrupt):
            owned_files.supersede(target, new)
        monkeypatch.undo()
    assert (target / "file").read_text() == "former"
